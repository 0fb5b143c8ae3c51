#pragma once

#include <Poco/Logger.h>

#include <chrono>
#include <map>
#include <mutex>
#include <string>

namespace connector {

/// The log of what others can cause as often as they like: at most ten lines a second pass, and the next one
/// that does says how many were left out, so that nobody can fill the disk or drown the other lines. Any
/// thread.
class LimitedLog {
  public:
    /// log: must outlive this.
    explicit LimitedLog(Poco::Logger& log) : _log(log) {}

    /// source: whose lines are counted apart, so that nobody can hide what another has caused. One of a few,
    /// such as the names in the configuration.
    void write(Poco::Message::Priority priority, std::string line, const std::string& source = {});

  private:
    using Clock = std::chrono::steady_clock;

    /// What one source has written.
    struct Lines {
        Clock::time_point second;
        int written = 0; ///< in that second
        int leftOut = 0;
    };

    Poco::Logger& _log;
    std::mutex _mutex;
    std::map<std::string, Lines> _sources;
};

} // namespace connector
