#include "net/LimitedLogs.h"

namespace connector {

LimitedLogs::LimitedLogs(const LogLimits& limits)
    : _limits(limits), _timer(limits.summary.count(), limits.summary.count()) {
    _timer.start(Poco::TimerCallback<LimitedLogs>(*this, &LimitedLogs::onTimer));
}

LimitedLogs::~LimitedLogs() {
    _timer.stop();
    sumUp();
}

void LimitedLogs::limit(const LogLimits& limits) {
    const std::lock_guard lock(_mutex);
    for (auto& log : _logs)
        log.limit(limits);
    if (limits.summary != _limits.summary) _timer.restart(limits.summary.count());
    _limits = limits;
}

LimitedLog& LimitedLogs::add(LimitedLog::Kind kind) {
    const std::lock_guard lock(_mutex);
    return _logs.emplace_back(std::move(kind), _limits);
}

void LimitedLogs::onTimer(Poco::Timer&) {
    sumUp();
}

void LimitedLogs::sumUp() {
    const std::lock_guard lock(_mutex);
    for (auto& log : _logs)
        log.sumUp();
}

} // namespace connector
