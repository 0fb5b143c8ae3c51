#include "net/Watchdog.h"

#include "base/ServiceManager.h"

namespace connector {

namespace {

/// How often the service manager hears of the process within its timeout, so that loops which are busy, and
/// not stuck, have time to answer.
constexpr int kBeatsInTimeout = 3;

} // namespace

Watchdog::Watchdog(EventLoops& loops) : _loops(loops) {
    if (const auto timeout = watchdogTimeout())
        _thread = std::thread([this, pause = *timeout / kBeatsInTimeout] { run(pause); });
}

Watchdog::~Watchdog() {
    {
        const std::lock_guard lock(_round->mutex);
        _round->stopping = true;
        _round->changed.notify_all();
    }
    if (_thread.joinable()) _thread.join();
}

void Watchdog::run(std::chrono::microseconds pause) {
    std::unique_lock lock(_round->mutex);
    while (!_round->stopping) {
        askLoops();
        _round->changed.wait(lock, [this] { return _round->stopping || _round->unanswered == 0; });
        if (_round->stopping) return;
        notifyAlive();
        _round->changed.wait_for(lock, pause, [this] { return _round->stopping; });
    }
}

void Watchdog::askLoops() {
    _round->unanswered = _loops.size();
    _loops.postToAll([round = _round] {
        const std::lock_guard lock(round->mutex);
        if (--round->unanswered == 0) round->changed.notify_all();
    });
}

} // namespace connector
