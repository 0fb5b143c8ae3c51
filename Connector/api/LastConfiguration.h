#pragma once

#include "base/Timestamp.h"

#include <Poco/Types.h>

#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace connector {

/// What has come of reading the configuration. A value.
struct ConfigurationReport {
    /// A key that can't change before a restart, and its values as JSON.
    struct Kept {
        std::string key;
        std::string value;
        std::string inFile;
    };
    /// When it was read; milliseconds since 1970.
    Poco::Int64 read = timestampNow();
    /// The keys that have other values than before.
    std::vector<std::string> changed;
    std::vector<Kept> kept;
    /// Why all was left as it was; "" when it was not.
    std::string error;
};

/// What came of it the last time. Any thread.
class LastConfiguration {
  public:
    ConfigurationReport get() const {
        const std::lock_guard lock(_mutex);
        return _last;
    }
    void set(ConfigurationReport report) {
        const std::lock_guard lock(_mutex);
        _last = std::move(report);
    }

  private:
    mutable std::mutex _mutex;
    ConfigurationReport _last;
};

} // namespace connector
