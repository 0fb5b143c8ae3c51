#pragma once

#include "pipe/LimitedLog.h"

#include <Poco/Logger.h>

#include <mutex>
#include <string>

namespace connector {

/// Warnings that strangers can cause as often as they like, bounded as LimitedLog bounds them. Any thread.
class StrangersLog {
  public:
    /// log: must outlive this.
    explicit StrangersLog(Poco::Logger& log) : _log(log) {}

    void warn(const std::string& line);

  private:
    std::mutex _mutex;
    LimitedLog _log;
};

} // namespace connector
