#include "mapping/LastUseStorage.h"

#include <Poco/Logger.h>

#include <string>
#include <utility>

namespace connector {

namespace {

Poco::Logger& log() {
    return Poco::Logger::get("mapping");
}

} // namespace

LastUseStorage::LastUseStorage(OpenMappings& mappings, DatabaseWriter& writer,
                               std::chrono::milliseconds interval)
    : _mappings(mappings), _writer(writer), _interval(interval) {}

void LastUseStorage::start() {
    const std::lock_guard lock(_mutex);
    const auto interval = static_cast<long>(_interval.count());
    _timer.setStartInterval(interval);
    _timer.setPeriodicInterval(interval);
    _timer.start(Poco::TimerCallback<LastUseStorage>(*this, &LastUseStorage::onTimer));
}

void LastUseStorage::changeInterval(std::chrono::milliseconds interval) {
    const std::lock_guard lock(_mutex);
    if (std::exchange(_interval, interval) != interval) _timer.restart(interval.count());
}

void LastUseStorage::stop() {
    _timer.stop();
}

void LastUseStorage::onTimer(Poco::Timer&) {
    store(false);
}

/// Waits for nothing. Nothing is stored while the database has not answered to what was to be stored before,
/// unless it is the end.
void LastUseStorage::store(bool isEnd) {
    {
        const std::lock_guard lock(_mutex);
        if (!isEnd && _isUnderway) return;
    }
    auto records = _mappings.lastUseToStore(isEnd);
    if (records.empty()) return;
    {
        const std::lock_guard lock(_mutex);
        _isUnderway = true;
    }
    _writer.writeLater([records](MappingStore& store) { store.setLastUse(records); },
                       [this, records](const std::exception_ptr& failure) { onStored(records, failure); });
}

void LastUseStorage::onStored(const std::vector<LastUseRecord>& records, const std::exception_ptr& failure) {
    {
        const std::lock_guard lock(_mutex);
        _isUnderway = false;
        try {
            if (failure) std::rethrow_exception(failure);
        } catch (const std::exception& error) {
            if (!std::exchange(_hasFailed, true))
                log().error("when mappings were last in use can't be written, and is tried again: %s",
                            std::string(error.what()));
            return;
        }
        if (std::exchange(_hasFailed, false)) log().notice("when mappings were last in use is written again");
    }
    _mappings.onLastUseStored(records);
}

} // namespace connector
