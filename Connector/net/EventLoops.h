#pragma once

#include "net/EventLoop.h"

namespace connector {

/// The event loops of the process, each with its thread.
class EventLoops {
  public:
    /// Starts `count` loops.
    explicit EventLoops(std::size_t count);

    /// Stops the loops and joins their threads. Whatever lives on them must have ended.
    ~EventLoops();

    /// Any thread: one loop after the other, for pipes.
    EventLoop& next();

    /// Any thread: the loop with the fewest relays, and `mine` when no other has fewer.
    EventLoop& leastBusy(EventLoop& mine);

  private:
    std::vector<std::unique_ptr<EventLoop>> _loops;
    std::vector<std::thread> _threads;
    std::atomic<std::size_t> _next{0};
};

} // namespace connector
