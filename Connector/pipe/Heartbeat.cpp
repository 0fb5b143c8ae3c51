#include "pipe/Heartbeat.h"

#include <algorithm>
#include <cstring>

namespace connector {

bool isHeartbeat(std::span<const std::byte> message) {
    constexpr auto kBeat = Heartbeat::kPipe1Beat;
    if (message.empty() || message.size() % kBeat.size() != 0) return false;
    for (; !message.empty(); message = message.subspan(kBeat.size()))
        if (std::memcmp(message.data(), kBeat.data(), kBeat.size()) != 0) return false;
    return true;
}

Heartbeat::Heartbeat(EventLoop& loop, std::function<void()> onSilent)
    : _loop(loop), _onSilent(std::move(onSilent)), _timer(loop, [this] { check(); }) {}

void Heartbeat::start(Stream& stream, const Settings& settings) {
    _stream = &stream;
    _settings = settings;
    _payloadSinceBeat = false;
    restart();
}

void Heartbeat::restart() {
    _timer.cancel();
    _lastHeard = _lastSent = _loop.now();
    schedule();
}

bool Heartbeat::absorb(std::span<const std::byte> message) {
    heard();
    if (!isHeartbeat(message)) return false;
    beatReceived();
    return true;
}

void Heartbeat::beatReceived() {
    heard();
    // A stream that keeps payload will be sign of life enough when it flows again.
    if (_settings.answers && !_payloadSinceBeat && _stream->unsent() == 0) _stream->send(_settings.beat);
    _payloadSinceBeat = false;
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
        if (_stream->unsent() == 0) _stream->send(_settings.beat);
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
