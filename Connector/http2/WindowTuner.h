#pragma once

#include "http2/Http2Limits.h"
#include "http2/Http2Stream.h"
#include "net/BufferedBytes.h"

#include <chrono>
#include <nghttp2/nghttp2.h>
#include <vector>

namespace connector {

/// Lets the windows of a session's streams grow with bandwidth and round-trip time, and shrinks them while
/// connections keep too many bytes. A stream's window grows when in one round trip, which a PING measures,
/// more than half of it has arrived with whoever it is for.
class WindowTuner {
  public:
    using Clock = EventLoop::Clock;

    /// All references must outlive it.
    WindowTuner(nghttp2_session& session, const Http2Limits& limits, const BufferedBytes& buffered)
        : _session(session), _limits(limits), _buffered(buffered) {}

    /// A stream's window at first.
    static std::int32_t firstWindow(const Http2Limits& limits);

    /// Bytes of the stream were taken.
    void onTaken(Http2Stream& stream, Clock::time_point now);

    /// A PING was answered.
    void onPong(const nghttp2_ping& pong);

    /// The stream is destroyed.
    void forget(Http2Stream& stream);

    /// All are.
    void forgetAll() { _measuring.clear(); }

  private:
    bool beginRound(Clock::time_point now);
    void endMeasuring(Http2Stream& stream);
    void setWindow(Http2Stream& stream, std::size_t bytes);

    nghttp2_session& _session;
    const Http2Limits& _limits;
    const BufferedBytes& _buffered;
    std::vector<Http2Stream*> _measuring; ///< in this round trip
    Clock::time_point _roundBegan;
    bool _isInRound = false;
};

} // namespace connector
