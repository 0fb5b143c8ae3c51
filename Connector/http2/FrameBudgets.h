#pragma once

#include "http2/Http2Limits.h"
#include "net/EventLoop.h"

#include <algorithm>
#include <cstddef>
#include <nghttp2/nghttp2.h>

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

/// Frames that are allowed in HTTP/2, but not in any number: what a peer may still send of them on one
/// session.
class FrameBudgets {
  public:
    FrameBudgets(const Http2Limits& limits, EventLoop::Clock::time_point now);

    /// Counts a frame that has come. What there was too much of, for the log; null while all is well.
    const char* take(const nghttp2_frame& frame, EventLoop::Clock::time_point now);

    /// The same for an answer that is not the final one.
    const char* takeProvisionalAnswer(EventLoop::Clock::time_point now);

    /// The peer may return credit for what was sent to it, and widen the window of a new stream.
    void onDataSent(std::size_t bytes);
    void onStream();

  private:
    FrameBudget _control;
    FrameBudget _resets;
    FrameBudget _windowUpdates; ///< earned by the bytes that they could be about
};

} // namespace connector
