#pragma once

#include "net/EventLoop.h"

#include <algorithm>

namespace connector {

/// How many frames of a kind a peer may still send: a token bucket. A value.
class FrameBudget {
  public:
    /// atOnce: frames that may come in a burst; perSecond: frames that are allowed again each second.
    FrameBudget(double atOnce, double perSecond, EventLoop::Clock::time_point now)
        : _most(atOnce), _perSecond(perSecond), _left(atOnce), _filled(now) {}

    /// Takes one; false when there is none left.
    bool take(EventLoop::Clock::time_point now) {
        const std::chrono::duration<double> passed = now - _filled;
        add(passed.count() * _perSecond);
        _filled = now;
        if (_left < 1) return false;
        _left -= 1;
        return true;
    }

    /// Allows so many more.
    void add(double frames) { _left = std::min(_most, _left + frames); }

  private:
    double _most;
    double _perSecond;
    double _left;
    EventLoop::Clock::time_point _filled;
};

} // namespace connector
