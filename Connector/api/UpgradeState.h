#pragma once

#include "base/Timestamp.h"

#include <mutex>
#include <string>

namespace connector {

/// For the status: why the process was not replaced by a new one when it last was to be. Any thread.
class UpgradeState {
  public:
    struct Failure {
        std::string reason; ///< "": there was none
        Poco::Int64 timestamp = 0;
    };

    void fail(const std::string& reason) {
        const std::lock_guard lock(_mutex);
        _failure = {reason, timestampNow()};
    }

    Failure failure() const {
        const std::lock_guard lock(_mutex);
        return _failure;
    }

  private:
    mutable std::mutex _mutex;
    Failure _failure;
};

} // namespace connector
