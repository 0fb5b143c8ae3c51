#include "mapping/MappingCache.h"

#include <Poco/Exception.h>
#include <Poco/File.h>
#include <Poco/Logger.h>

#include <utility>

namespace connector {

namespace {

Poco::Logger& log() {
    return Poco::Logger::get("mapping");
}

void putAside(const std::string& path) {
    try {
        Poco::File(path).renameTo(path + ".damaged");
        for (const auto* suffix : {"-wal", "-shm"})
            if (Poco::File file(path + suffix); file.exists()) file.remove();
    } catch (const Poco::Exception& error) {
        throw StorageError(path + " can't be moved away: " + error.displayText());
    }
}

void putAsideIfDamaged(const std::string& path, std::chrono::milliseconds busy) {
    if (!Poco::File(path).exists() || MappingStore::isInUse(path)) return;
    try {
        const MappingStore probe(path, busy);
    } catch (const StorageLocked&) { // it may be as good as ever, as on a full disk
        throw;
    } catch (const StorageFull&) {
        throw;
    } catch (const StorageError& error) {
        log().error("%s; it is moved to %s.damaged, and begun anew", std::string(error.what()), path);
        putAside(path);
    }
}

MappingStore openedCache(const std::string& path, std::chrono::milliseconds busy, Descriptor lock) {
    putAsideIfDamaged(path, busy);
    return MappingStore(path, busy, std::move(lock));
}

} // namespace

MappingCache::MappingCache(const std::string& path, std::chrono::milliseconds busy, Descriptor lock)
    : _store(openedCache(path, busy, std::move(lock))) {}

StoredMappings MappingCache::load() {
    auto rows = _store.load();
    return {std::move(rows.mappings), std::move(rows.damaged), _store.releasedPorts()};
}

std::vector<MappingStore::RowMark> MappingCache::marks() {
    try {
        return _store.marks();
    } catch (const StorageError& error) {
        onFailure(error.what());
        return {};
    }
}

void MappingCache::update(const std::set<std::string>& ids, const std::vector<Mapping>& rows) {
    if (ids.empty()) return;
    try {
        MappingStore::Transaction transaction(_store);
        for (const auto& id : ids)
            _store.forget(id);
        for (const auto& row : rows)
            _store.insert(row);
        transaction.commit();
        if (std::exchange(_isFailureTold, false)) log().notice("what is known of the database is kept again");
    } catch (const StorageError& error) {
        onFailure(error.what());
    }
}

bool MappingCache::takeBehind() {
    return std::exchange(_isBehind, false);
}

void MappingCache::onFailure(const std::string& why) {
    _isBehind = true;
    if (!std::exchange(_isFailureTold, true))
        log().error("what is known of the database can't be kept for a start without it, and is tried again: "
                    "%s",
                    why);
}

} // namespace connector
