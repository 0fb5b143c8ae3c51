#include "api/StrangersLog.h"

namespace connector {

void StrangersLog::warn(const std::string& line) {
    const std::lock_guard lock(_mutex);
    _log.write(Poco::Message::PRIO_WARNING, EventLoop::Clock::now(), line);
}

} // namespace connector
