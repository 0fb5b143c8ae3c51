#include "mapping/StoreFollower.h"

#include "mapping/MappingRow.h"

#include <Poco/File.h>
#include <Poco/Logger.h>

#include <algorithm>
#include <map>
#include <pthread.h>
#include <sys/eventfd.h>
#include <system_error>
#include <utility>
#include <vector>

namespace connector {

namespace {

/// How often it is tried to reach the database again.
constexpr std::chrono::seconds kRetry{1};
/// How soon a mapping is looked at again that somebody was just changing here.
constexpr std::chrono::milliseconds kBusy{20};
/// Rows that are asked for at once.
constexpr std::size_t kBatch = 100;

Poco::Logger& log() {
    return Poco::Logger::get("mapping");
}

Descriptor newWakeup() {
    Descriptor descriptor(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (descriptor.get() < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
    return descriptor;
}

void putAsideIfDamaged(const std::string& path, std::chrono::milliseconds busy) {
    if (!Poco::File(path).exists() || MappingStore::isInUse(path)) return;
    try {
        const MappingStore cache(path, busy);
    } catch (const StorageError& error) {
        log().error("%s; it is moved to %s.damaged, and begun anew", std::string(error.what()), path);
        Poco::File(path).renameTo(path + ".damaged");
        for (const auto* suffix : {"-wal", "-shm"})
            if (Poco::File file(path + suffix); file.exists()) file.remove();
    }
}

using Marks = std::map<std::string, std::string>;

Marks byId(const std::vector<MappingStore::RowMark>& marks) {
    Marks result;
    for (const auto& [id, checksum] : marks)
        result.emplace_hint(result.end(), id, checksum);
    return result;
}

/// Adds the ids that only one of them has, or both with other checksums.
void addDifferent(const Marks& ones, const Marks& others, std::set<std::string>& ids) {
    const auto add = [&ids](const Marks& from, const Marks& in) {
        for (const auto& [id, checksum] : from) {
            const auto found = in.find(id);
            if (found == in.end() || found->second != checksum) ids.insert(id);
        }
    };
    add(ones, others);
    add(others, ones);
}

} // namespace

FollowedStores FollowedStores::open(const DatabaseLocation& location, std::chrono::milliseconds busy,
                                    Descriptor lock) {
    putAsideIfDamaged(location.cache, busy);
    return {MappingStore::openShared(location, busy, MappingStore::Tables::Make),
            MappingStore(location.cache, busy, std::move(lock))};
}

StoreFollower::StoreFollower(FollowedStores stores, OpenMappings& mappings, std::chrono::milliseconds compare)
    : _stores(std::move(stores)), _mappings(mappings), _wakeup(newWakeup()), _compare(compare) {}

StoreFollower::~StoreFollower() {
    {
        const std::lock_guard lock(_mutex);
        _isStopping = true;
    }
    ::eventfd_write(_wakeup.get(), 1);
    if (_thread.joinable()) _thread.join();
}

StoredMappings StoreFollower::load() {
    const auto loadFrom = [](MappingStore& store) {
        auto rows = store.load();
        return StoredMappings{std::move(rows.mappings), std::move(rows.damaged), store.releasedPorts()};
    };
    try {
        auto stored = loadFrom(_stores.shared);
        _isConnected = true;
        return stored;
    } catch (const StorageUnreachable& error) {
        auto known = loadFrom(_stores.cache);
        if (known.mappings.empty())
            throw StorageError(std::string(error.what()) + "; and nothing is known of it from before");
        _trouble = error.what();
        log().error("%s; %z mappings are served as they were last known, and changes are refused until then",
                    std::string(error.what()), known.mappings.size());
        return known;
    }
}

void StoreFollower::start() {
    const std::lock_guard lock(_mutex);
    _isStopping = false;
    _hasEnded = false;
    _thread = std::thread([this] { run(); });
    ::pthread_setname_np(_thread.native_handle(), "follower");
}

void StoreFollower::interrupt() {
    {
        const std::lock_guard lock(_mutex);
        _isStopping = true;
    }
    _stores.shared.interrupt();
}

bool StoreFollower::stop(Clock::time_point until) {
    std::unique_lock lock(_mutex);
    _isStopping = true;
    ::eventfd_write(_wakeup.get(), 1);
    _changed.notify_all();
    if (!_changed.wait_until(lock, until, [this] { return _hasEnded; })) return false;
    lock.unlock();
    if (_thread.joinable()) _thread.join();
    return true;
}

void StoreFollower::closeStores() {
    _stores.shared.close();
    _stores.cache.close();
}

void StoreFollower::compareEvery(std::chrono::milliseconds compare) {
    const std::lock_guard lock(_mutex);
    _compare = compare;
}

bool StoreFollower::isConnected() const {
    const std::lock_guard lock(_mutex);
    return _isConnected;
}

void StoreFollower::hear(const std::string& id, Clock::time_point until) {
    std::unique_lock lock(_mutex);
    _asked.insert(id);
    const auto turn = ++_askedTurn;
    ::eventfd_write(_wakeup.get(), 1);
    const auto isOver = [&] { return _doneTurn >= turn || !_isConnected || _isStopping || _hasEnded; };
    if (!_changed.wait_until(lock, until, isOver) || _doneTurn < turn)
        throw StorageUnreachable("the server's database can't be reached, and mapping " + id +
                                 " is not known here");
}

void StoreFollower::run() {
    while (!isStopping()) {
        try {
            follow();
        } catch (const std::exception& error) {
            onDisconnected(error.what());
        }
        std::unique_lock lock(_mutex);
        _changed.wait_for(lock, kRetry, [this] { return _isStopping; });
    }
    const std::lock_guard lock(_mutex);
    _hasEnded = true;
    _changed.notify_all();
}

/// Until it is to stop. Throws StorageError.
void StoreFollower::follow() {
    _stores.shared.listen(); // before the comparison: so nothing is missed in between
    compareAll();
    onConnected();
    while (!isStopping()) {
        const auto next = _busy.empty() ? nextComparison() : Clock::now() + kBusy;
        const auto wait = std::chrono::ceil<std::chrono::milliseconds>(next - Clock::now());
        applyChanges(
            _stores.shared.awaitChanges(std::max(wait, std::chrono::milliseconds(0)), _wakeup.get()));
        if (Clock::now() >= nextComparison()) compareIfBehind();
    }
}

void StoreFollower::applyChanges(const std::vector<MappingStore::Change>& changes) {
    eventfd_t wakeups = 0;
    ::eventfd_read(_wakeup.get(), &wakeups);
    std::set<std::string> ids;
    std::uint64_t turn = 0;
    {
        const std::lock_guard lock(_mutex);
        ids.swap(_asked);
        turn = _askedTurn;
    }
    for (const auto& [number, id] : changes) {
        ids.insert(id);
        _heard = std::max(_heard, number);
    }
    apply(std::move(ids));
    const std::lock_guard lock(_mutex);
    _doneTurn = turn;
    _changed.notify_all();
}

/// What is opened here meanwhile is in the database before it is served: so what is served is looked at
/// first.
void StoreFollower::compareAll() {
    const auto number = _stores.shared.changeNumber();
    const auto served = byId(_mappings.marks());
    const auto cached = byId(_stores.cache.marks());
    const auto stored = byId(_stores.shared.marks());
    std::set<std::string> ids;
    addDifferent(stored, served, ids);
    addDifferent(stored, cached, ids);
    std::set<std::string> removed;
    for (const auto& id : ids)
        if (!stored.contains(id)) removed.insert(id);
    _isCacheBehind = false;
    apply(removed); // their ports may be those of others
    std::erase_if(ids, [&removed](const auto& id) { return removed.contains(id); });
    apply(std::move(ids));
    _heard = number;
    _compared = Clock::now();
}

void StoreFollower::compareIfBehind() {
    if (_isCacheBehind || _stores.shared.changeNumber() != _heard) compareAll();
    _compared = Clock::now();
}

void StoreFollower::apply(std::set<std::string> ids) {
    ids.merge(std::exchange(_busy, {}));
    while (!ids.empty()) {
        std::set<std::string> batch;
        while (!ids.empty() && batch.size() < kBatch)
            batch.insert(ids.extract(ids.begin()));
        std::vector<Mapping> rows;
        const auto read = [&](const std::set<std::string>& free) {
            return rows = _stores.shared.load(free).mappings;
        };
        const auto busy = _mappings.follow(batch, read);
        for (const auto& id : busy)
            batch.erase(id);
        _busy.insert(busy.begin(), busy.end());
        updateCache(batch, rows);
    }
}

/// ids: of these, no other rows than those are to be there.
void StoreFollower::updateCache(const std::set<std::string>& ids, const std::vector<Mapping>& rows) {
    try {
        MappingStore::Transaction transaction(_stores.cache);
        for (const auto& id : ids)
            _stores.cache.forget(id);
        for (const auto& row : rows)
            _stores.cache.insert(row);
        transaction.commit();
    } catch (const StorageError& error) {
        if (!std::exchange(_isCacheBehind, true))
            log().error("what the database has can't be kept for a start without it, and is tried again: %s",
                        std::string(error.what()));
    }
}

/// A reason is told when it is another one than before.
void StoreFollower::onDisconnected(const std::string& why) {
    const std::lock_guard lock(_mutex);
    if (_isStopping) return;
    _isConnected = false;
    _changed.notify_all();
    if (std::exchange(_trouble, why) != why)
        log().error("the database can't be followed; what is open is served, and it is tried again: %s", why);
}

void StoreFollower::onConnected() {
    const std::lock_guard lock(_mutex);
    _isConnected = true;
    if (!std::exchange(_trouble, "").empty()) log().notice("the database is followed again");
}

bool StoreFollower::isStopping() const {
    const std::lock_guard lock(_mutex);
    return _isStopping;
}

StoreFollower::Clock::time_point StoreFollower::nextComparison() const {
    const std::lock_guard lock(_mutex);
    return _compared + _compare;
}

} // namespace connector
