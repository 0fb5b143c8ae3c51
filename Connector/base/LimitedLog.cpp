#include "base/LimitedLog.h"

#include <utility>

namespace connector {

namespace {

constexpr int kLinesPerSecond = 10;

} // namespace

void LimitedLog::write(Poco::Message::Priority priority, std::string line, const std::string& source) {
    if (!_log.is(priority)) return;
    const auto now = Clock::now();
    const std::lock_guard lock(_mutex);
    auto& lines = _sources[source];
    if (now - lines.second >= std::chrono::seconds(1)) {
        lines.second = now;
        lines.written = 0;
    }
    if (++lines.written > kLinesPerSecond) {
        ++lines.leftOut;
        return;
    }
    if (lines.leftOut > 0)
        line += " (" + std::to_string(std::exchange(lines.leftOut, 0)) + " such lines were left out)";
    _log.log(Poco::Message(_log.name(), line, priority));
}

} // namespace connector
