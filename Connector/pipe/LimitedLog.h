#pragma once

#include "net/EventLoop.h"

#include <Poco/Logger.h>

#include <string>

namespace connector {

/// The log of what strangers can cause: at most ten lines a second pass, and the next one that does says how
/// many were left out, so that nobody can fill the disk or drown the other lines. One thread.
class LimitedLog {
  public:
    explicit LimitedLog(Poco::Logger& log) : _log(log) {}

    void write(Poco::Message::Priority priority, EventLoop::Clock::time_point now, std::string line);

  private:
    Poco::Logger& _log;
    EventLoop::Clock::time_point _second;
    int _lines = 0;
    int _leftOut = 0;
};

} // namespace connector
