#include "pipe/LimitedLog.h"

#include <utility>

namespace connector {

namespace {

constexpr int kLinesPerSecond = 10;

} // namespace

void LimitedLog::write(Poco::Message::Priority priority, EventLoop::Clock::time_point now, std::string line) {
    if (!_log.is(priority)) return;
    if (now - _second >= std::chrono::seconds(1)) {
        _second = now;
        _lines = 0;
    }
    if (++_lines > kLinesPerSecond) {
        ++_leftOut;
        return;
    }
    if (_leftOut > 0)
        line += " (" + std::to_string(std::exchange(_leftOut, 0)) + " such lines were left out)";
    _log.log(Poco::Message(_log.name(), line, priority));
}

} // namespace connector
