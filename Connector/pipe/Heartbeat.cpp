#include "pipe/Heartbeat.h"

#include <algorithm>
#include <cstring>
#include <string_view>

namespace connector {

namespace {

constexpr std::string_view kBeat = "BEAT";

} // namespace

bool isHeartbeat(std::span<const std::byte> message) {
    if (message.empty() || message.size() % kBeat.size() != 0) return false;
    for (; !message.empty(); message = message.subspan(kBeat.size()))
        if (std::memcmp(message.data(), kBeat.data(), kBeat.size()) != 0) return false;
    return true;
}

Heartbeat::Heartbeat(EventLoop& loop, const Settings& settings, std::function<void()> onSilent)
    : _loop(loop), _settings(settings), _onSilent(std::move(onSilent)), _timer(loop, [this] { check(); }) {}

void Heartbeat::start(Stream& stream) {
    _stream = &stream;
    _lastHeard = _lastSent = _loop.now();
    schedule();
}

bool Heartbeat::absorb(std::span<const std::byte> message) {
    _lastHeard = _loop.now();
    if (!isHeartbeat(message)) return false;
    // A stream that keeps payload will be sign of life enough when it flows again.
    if (_settings.answers && !_payloadSinceBeat && _stream->unsent() == 0) _stream->send(kBeat);
    _payloadSinceBeat = false;
    return true;
}

void Heartbeat::payloadSent() {
    _payloadSinceBeat = true;
    _lastSent = _loop.now();
}

void Heartbeat::check() {
    const auto now = _loop.now();
    if (_settings.absenceThreshold.count() > 0 && now - _lastHeard >= _settings.absenceThreshold) {
        _onSilent();
        return;
    }
    if (_settings.interval.count() > 0 && now - _lastSent >= _settings.interval) {
        if (_stream->unsent() == 0) _stream->send(kBeat);
        _lastSent = now;
    }
    schedule();
}

/// One timer for both clocks, and it is not touched when bytes come or go: it looks when it fires.
void Heartbeat::schedule() {
    using std::chrono::milliseconds;
    auto delay = milliseconds::max();
    const auto until = [&](EventLoop::Clock::time_point since, milliseconds limit) {
        if (limit.count() > 0)
            delay = std::min(delay, std::chrono::ceil<milliseconds>(since + limit - _loop.now()));
    };
    until(_lastHeard, _settings.absenceThreshold);
    until(_lastSent, _settings.interval);
    if (delay != milliseconds::max()) _timer.start(delay);
}

} // namespace connector
