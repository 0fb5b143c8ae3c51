#include "mapping/StoreFollower.h"

#include "mapping/MappingRow.h"

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
    try {
        auto rows = _stores.shared.load();
        StoredMappings stored{std::move(rows.mappings), std::move(rows.damaged),
                              _stores.shared.releasedPorts()};
        _isConnected = true;
        return stored;
    } catch (const StorageUnreachable& error) {
        auto known = _stores.cache.load();
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
    if (!_hasEnded) return; // a stop was not waited for
    if (_thread.joinable()) _thread.join();
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

void StoreFollower::change(std::chrono::milliseconds compare, std::chrono::milliseconds busy) {
    _stores.shared.limitBusy(busy);
    _stores.cache.limitBusy(busy);
    const std::lock_guard lock(_mutex);
    _compare = compare;
}

bool StoreFollower::isConnected() const {
    const std::lock_guard lock(_mutex);
    return _isConnected;
}

void StoreFollower::hear(const std::string& id, Clock::time_point until) {
    std::unique_lock lock(_mutex);
    if (canAsk()) {
        _asked[id] = ++_turn;
        ::eventfd_write(_wakeup.get(), 1);
        _changed.wait_until(lock, until, [&] { return !canAsk() || !_asked.contains(id); });
        if (canAsk() && !_asked.contains(id)) return;
    }
    throw UnknownForNow("mapping " + id +
                        " is not known here, and the server's database can't be asked for it");
}

void StoreFollower::run() {
    for (;;) {
        try {
            follow();
        } catch (const std::exception& error) {
            onDisconnected(error.what());
        }
        std::unique_lock lock(_mutex);
        _changed.wait_for(lock, kRetry, [this] { return _isStopping; });
        if (!_isStopping) continue;
        _hasEnded = true;
        _changed.notify_all();
        return;
    }
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
    std::map<std::string, std::uint64_t> asked;
    {
        const std::lock_guard lock(_mutex);
        asked = _asked;
    }
    for (const auto& [id, turn] : asked)
        ids.insert(id);
    for (const auto& [number, id] : changes) {
        ids.insert(id);
        _hasMissed = _hasMissed || number > _heard + 1;
        _heard = std::max(_heard, number);
    }
    apply(std::move(ids));
    const std::lock_guard lock(_mutex);
    for (const auto& [id, turn] : asked)
        if (_asked[id] == turn && !_busy.contains(id)) _asked.erase(id);
    _changed.notify_all();
}

/// What is opened here meanwhile is in the database before it is served: so what is served is looked at
/// first.
void StoreFollower::compareAll() {
    _hasMissed = false;
    _stores.cache.takeBehind();
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
    apply(removed); // their ports may be those of others
    std::erase_if(ids, [&removed](const auto& id) { return removed.contains(id); });
    apply(std::move(ids));
    _heard = number;
    _compared = Clock::now();
}

/// Numbers are left out by transactions that have failed, too: then it compares for nothing.
void StoreFollower::compareIfBehind() {
    const bool isBehind = _stores.cache.takeBehind() || _hasMissed;
    if (isBehind || _stores.shared.changeNumber() != _heard) compareAll();
    _compared = Clock::now();
}

void StoreFollower::apply(std::set<std::string> ids) {
    ids.merge(std::exchange(_busy, {}));
    while (!ids.empty()) {
        std::set<std::string> batch;
        while (!ids.empty() && batch.size() < kBatch)
            batch.insert(ids.extract(ids.begin()));
        MappingStore::Rows rows;
        const auto read = [&](const std::set<std::string>& free) { return rows = _stores.shared.load(free); };
        const auto busy = _mappings.follow(batch, read);
        for (const auto& id : busy)
            batch.erase(id);
        _busy.insert(busy.begin(), busy.end());
        _stores.cache.update(batch, rows.mappings);
    }
}

/// A reason is told when it is another one than before.
void StoreFollower::onDisconnected(const std::string& why) {
    const std::lock_guard lock(_mutex);
    if (_isStopping) return;
    _isConnected = false;
    _asked.clear();
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
