#pragma once

#include "net/Timer.h"

#include <Poco/Logger.h>

#include <cstddef>
#include <set>
#include <string>

namespace connector {

/// The log of how many of a pipe's connections are fine, in one line for a change of many: "57 of 60
/// connections are ready". A connection is fine from AUTHORIZED until it fails; that a slot of PIPE/1 is
/// taken into a relay and dialled anew is its daily work. Lives on its pipe's loop.
class ReadyLog {
  public:
    /// name: what the log calls the pipe.
    ReadyLog(EventLoop& loop, Poco::Logger& log, std::string name);

    /// How many connections there should be; with 0 it says nothing.
    void expect(std::size_t total);

    /// A connection is authorized. slot: what tells it from the others.
    void up(const void* slot);

    /// It has failed.
    void down(const void* slot, const std::string& why);

    /// Says no more.
    void stop() { _timer.cancel(); }

  private:
    void report();

    Poco::Logger& _log;
    EventLoop& _loop;
    const std::string _name;
    std::size_t _total = 0;
    std::set<const void*> _up;
    std::string _why; ///< the latest slot failed
    std::size_t _reportedUp = 0;
    std::size_t _reportedTotal = 0;
    std::string _reportedWhy;
    EventLoop::Clock::time_point _reportedAt;
    Timer _timer;
};

} // namespace connector
