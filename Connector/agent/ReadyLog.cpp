#include "agent/ReadyLog.h"

#include <Poco/Format.h>

namespace connector {

namespace {

/// Changes within this time make one line: connections fail and recover together.
constexpr std::chrono::milliseconds kSettle{1000};

/// With nothing new but another reason than the one before, the next line waits this long: reasons may
/// alternate. The first one waits for nothing.
constexpr std::chrono::minutes kReasonInterval{1};

} // namespace

ReadyLog::ReadyLog(EventLoop& loop, Poco::Logger& log, std::string name)
    : _log(log), _loop(loop), _name(std::move(name)), _timer(loop, [this] { report(); }) {}

void ReadyLog::expect(std::size_t total) {
    _total = total;
    if (!_timer.isRunning()) _timer.start(kSettle);
}

void ReadyLog::up(const void* slot) {
    if (!_up.insert(slot).second) return;
    if (_up.size() == _total)
        report();
    else if (!_timer.isRunning())
        _timer.start(kSettle);
}

void ReadyLog::down(const void* slot, const std::string& why) {
    _up.erase(slot);
    _why = why;
    if (!_timer.isRunning()) _timer.start(kSettle);
}

void ReadyLog::report() {
    _timer.cancel();
    if (_total == 0) {
        _reportedTotal = 0;
        return;
    }
    const bool isSameCount = _up.size() == _reportedUp && _total == _reportedTotal;
    const bool hasNewReason = _up.size() < _total && _why != _reportedWhy;
    const bool isDue = _reportedWhy.empty() || _loop.now() - _reportedAt >= kReasonInterval;
    if (isSameCount && !(hasNewReason && isDue)) return;
    _reportedUp = _up.size();
    _reportedTotal = _total;
    _reportedWhy = _why;
    _reportedAt = _loop.now();
    const auto line = Poco::format("%s: %z of %z connections are ready", _name, _up.size(), _total);
    if (_up.size() == _total || _why.empty())
        _log.information(line);
    else
        _log.warning(line + "; the latest that failed: " + _why);
}

} // namespace connector
