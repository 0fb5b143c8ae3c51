#include "http2/WindowTuner.h"

#include <algorithm>
#include <array>
#include <utility>

namespace connector {

namespace {

/// More than a short conversation needs, and what each is sure to be given.
constexpr std::size_t kFirstWindow = 256 * 1024;

/// While connections keep too many bytes.
constexpr std::size_t kLeastWindow = 64 * 1024;

/// Round trips are not measured more often: PINGs have a bound at the peer.
constexpr std::chrono::milliseconds kBetweenRounds{50};

/// What tells these PINGs from others.
constexpr std::array<std::uint8_t, 8> kRoundTrip{'r', 'o', 'u', 'n', 'd'};

} // namespace

std::int32_t WindowTuner::firstWindow(const Http2Limits& limits) {
    return static_cast<std::int32_t>(std::min(kFirstWindow, limits.streamWindow));
}

void WindowTuner::onTaken(Http2Stream& stream, Clock::time_point now) {
    if (_buffered.areTooMany()) return setWindow(stream, kLeastWindow);
    const auto window = static_cast<std::size_t>(stream._window);
    const bool isDue = !stream._isMeasured && stream._taken - stream._measuredTaken >= window / 4 &&
                       window < _limits.streamWindow;
    if (!isDue || !beginRound(now)) return;
    stream._isMeasured = true;
    stream._measuredArrived = stream.arrived();
    _measuring.push_back(&stream);
}

void WindowTuner::onPong(const nghttp2_ping& pong) {
    if (!std::equal(kRoundTrip.begin(), kRoundTrip.end(), pong.opaque_data)) return;
    _isInRound = false;
    for (auto* stream : std::exchange(_measuring, {}))
        endMeasuring(*stream);
}

void WindowTuner::forget(Http2Stream& stream) {
    if (stream._isMeasured) std::erase(_measuring, &stream);
}

/// False when it is too early for another one.
bool WindowTuner::beginRound(Clock::time_point now) {
    if (_isInRound) return true;
    if (now - _roundBegan < kBetweenRounds) return false;
    _isInRound = true;
    _roundBegan = now;
    ::nghttp2_submit_ping(&_session, NGHTTP2_FLAG_NONE, kRoundTrip.data());
    return true;
}

void WindowTuner::endMeasuring(Http2Stream& stream) {
    const auto window = static_cast<std::size_t>(stream._window);
    const auto inRound = stream.arrived() - stream._measuredArrived;
    stream._isMeasured = false;
    stream._measuredTaken = stream._taken;
    if (inRound >= static_cast<std::int64_t>(window / 2))
        setWindow(stream, std::max(window, static_cast<std::size_t>(inRound) * 4));
}

void WindowTuner::setWindow(Http2Stream& stream, std::size_t bytes) {
    const auto wanted = static_cast<std::int32_t>(std::min(bytes, _limits.streamWindow));
    if (wanted == stream._window) return;
    stream._window = wanted;
    ::nghttp2_session_set_local_window_size(&_session, NGHTTP2_FLAG_NONE, stream._id, wanted);
}

} // namespace connector
