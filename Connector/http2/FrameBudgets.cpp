#include "http2/FrameBudgets.h"

namespace connector {

namespace {

constexpr double kControlBurst = 10; // times those of a second

/// WINDOW_UPDATEs that may come before any are earned, and in a burst.
constexpr double kWindowUpdates = 4096;
constexpr double kUpdatesPerStream = 2;

/// A peer may return credit for the stream and the session with each frame, and for each KiB that it takes.
constexpr double kUpdatesPerFrame = 2;
constexpr double kBytesPerUpdate = 1024;

} // namespace

FrameBudgets::FrameBudgets(const Http2Limits& limits, EventLoop::Clock::time_point now)
    : _control(limits.controlFrames * kControlBurst, limits.controlFrames, now),
      _resets(limits.resets, limits.resets, now), _windowUpdates(kWindowUpdates, 0, now) {}

const char* FrameBudgets::take(const nghttp2_frame& frame, EventLoop::Clock::time_point now) {
    const bool isAnswer = frame.hd.type == NGHTTP2_SETTINGS && (frame.hd.flags & NGHTTP2_FLAG_ACK) != 0;
    const bool isEnd = (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    switch (frame.hd.type) {
    case NGHTTP2_SETTINGS:
    case NGHTTP2_PING: // answers to ours, too: there are few
    case NGHTTP2_PRIORITY:
    case NGHTTP2_GOAWAY:
        return isAnswer || _control.take(now) ? nullptr : "frames of PING, SETTINGS, PRIORITY or GOAWAY";
    case NGHTTP2_DATA:
        if (frame.hd.length > frame.data.padlen || isEnd) return nullptr;
        return _control.take(now) ? nullptr : "frames of DATA with nothing in them";
    case NGHTTP2_RST_STREAM:
        return _resets.take(now) ? nullptr : "frames of RST_STREAM";
    case NGHTTP2_WINDOW_UPDATE:
        return _windowUpdates.take(now) ? nullptr : "frames of WINDOW_UPDATE";
    default:
        return nullptr;
    }
}

const char* FrameBudgets::takeProvisionalAnswer(EventLoop::Clock::time_point now) {
    return _control.take(now) ? nullptr : "provisional answers";
}

void FrameBudgets::onDataSent(std::size_t bytes) {
    _windowUpdates.add(kUpdatesPerFrame + static_cast<double>(bytes) / kBytesPerUpdate);
}

void FrameBudgets::onStream() {
    _windowUpdates.add(kUpdatesPerStream);
}

} // namespace connector
