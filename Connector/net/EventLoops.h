#pragma once

#include "net/EventLoop.h"

#include <string>

namespace connector {

/// The event loops of the process, each with its thread.
class EventLoops {
  public:
    /// Starts `count` loops, in threads named NAME-1, NAME-2, ...
    explicit EventLoops(std::size_t count, const std::string& name = "loop");

    /// Stops the loops and joins their threads. Whatever lives on them must have ended.
    ~EventLoops();

    /// Any thread: one loop after the other, for pipes.
    EventLoop& next();

    /// Any thread: the loop with the fewest relays, if these are more than `slack` fewer than `mine` has;
    /// else `mine`.
    EventLoop& leastBusy(EventLoop& mine, int slack);

    std::size_t size() const { return _loops.size(); }

    /// Any thread. index: less than size().
    EventLoop& at(std::size_t index) { return *_loops[index]; }

    /// Any thread: runs the function on every loop, a copy on each.
    void postToAll(const std::function<void()>& function);

    /// Returns when every loop has done with what it was doing, and with what was posted before. On a thread
    /// that is not a loop's.
    void passAll();

  private:
    std::vector<std::unique_ptr<EventLoop>> _loops;
    std::vector<std::thread> _threads;
    std::atomic<std::size_t> _next{0};
};

} // namespace connector
