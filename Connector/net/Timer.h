#pragma once

#include "net/EventLoop.h"

namespace connector {

/// A one-shot timer, a member of what it is for. Only on the loop's thread; destroying it cancels it. A
/// callback that ends its owner must leave the destruction to EventLoop::destroyLater().
class Timer {
  public:
    Timer(EventLoop& loop, std::function<void()> callback);
    ~Timer();

    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;

    /// Calls back once, `delay` after the current round of callbacks began; a running timer starts anew.
    void start(std::chrono::milliseconds delay);

    void cancel();

    bool isRunning() const { return _position != _loop._timers.end(); }

    EventLoop& loop() const { return _loop; }

  private:
    friend class EventLoop;
    void fire();

    EventLoop& _loop;
    std::function<void()> _callback;
    EventLoop::Timers::iterator _position; ///< the end while it does not run
};

} // namespace connector
