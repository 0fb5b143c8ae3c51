#pragma once

#include "net/Timer.h"

#include <Poco/Logger.h>

#include <cstddef>
#include <set>
#include <string>

namespace connector {

class Slot;

/// The log of how many of a pipe's connections are fine, in one line for a change of many: "57 of 60
/// connections are ready". A slot is fine from AUTHORIZED until it fails; being taken into a relay and
/// dialled anew is its daily work. Lives on its pipe's loop.
class ReadyLog {
  public:
    /// name: what the log calls the pipe. total: its connections.
    ReadyLog(EventLoop& loop, Poco::Logger& log, std::string name, std::size_t total);

    /// The slot is authorized.
    void up(const Slot& slot);

    /// The slot has failed.
    void down(const Slot& slot, const std::string& why);

    /// Says no more.
    void stop() { _timer.cancel(); }

  private:
    void report();

    Poco::Logger& _log;
    EventLoop& _loop;
    const std::string _name;
    const std::size_t _total;
    std::set<const Slot*> _up;
    std::string _why; ///< the latest slot failed
    std::size_t _reportedUp;
    std::string _reportedWhy;
    EventLoop::Clock::time_point _reportedAt;
    Timer _timer;
};

} // namespace connector
