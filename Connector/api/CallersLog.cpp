#include "api/CallersLog.h"

namespace connector {

void CallersLog::warnOf(const std::string& identity, const std::string& line) {
    const std::lock_guard lock(_mutex);
    auto& log = _ofIdentities.try_emplace(identity, _log).first->second;
    log.write(Poco::Message::PRIO_WARNING, EventLoop::Clock::now(), line);
}

void CallersLog::warnOfStranger(const std::string& line) {
    const std::lock_guard lock(_mutex);
    _ofStrangers.write(Poco::Message::PRIO_WARNING, EventLoop::Clock::now(), line);
}

} // namespace connector
