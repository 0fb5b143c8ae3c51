#include "relay/Heartbeat.h"

#include <algorithm>
#include <cstring>

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

Heartbeat::Heartbeat(EventLoop& loop, Owner& owner) : _owner(owner), _timer(loop, [this] { check(); }) {}

void Heartbeat::start(Stream& stream, const Settings& settings, const std::optional<State>& before) {
    _stream = &stream;
    _settings = settings;
    _timer.cancel();
    _state = before.value_or(State{now(), now()});
    schedule();
}

void Heartbeat::restart() {
    _timer.cancel();
    _state.lastHeard = _state.lastSent = now();
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
    if (_settings.answers && !_state.payloadSinceBeat) beat();
    _state.payloadSinceBeat = false;
}

void Heartbeat::payloadSent() {
    _state.payloadSinceBeat = true;
    _state.lastSent = now();
}

/// A stream that keeps payload will be sign of life enough when it flows again.
void Heartbeat::beat() {
    if (_stream->unsent() == 0) _stream->send(kBeat);
}

void Heartbeat::check() {
    if (_settings.absenceThreshold.count() > 0 && now() - _state.lastHeard >= _settings.absenceThreshold)
        return _owner.onSilent();
    if (_settings.interval.count() > 0 && now() - _state.lastSent >= _settings.interval) {
        beat();
        _state.lastSent = now();
    }
    schedule();
}

/// One timer for both clocks, and it is not touched when bytes come or go: it looks when it fires.
void Heartbeat::schedule() {
    using std::chrono::milliseconds;
    auto delay = milliseconds::max();
    const auto until = [&](EventLoop::Clock::time_point since, milliseconds limit) {
        if (limit.count() > 0)
            delay = std::min(delay, std::chrono::ceil<milliseconds>(since + limit - now()));
    };
    until(_state.lastHeard, _settings.absenceThreshold);
    until(_state.lastSent, _settings.interval);
    if (delay != milliseconds::max()) _timer.start(delay);
}

} // namespace connector
