#include "mapping/OpenMappings.h"

#include "base/Timestamp.h"
#include "mapping/AuditLog.h"
#include "mapping/MappingRow.h"

#include <Poco/Logger.h>

#include <algorithm>
#include <utility>

namespace connector {

namespace {

Poco::Logger& log() {
    return Poco::Logger::get("mapping");
}

} // namespace

OpenMappings::OpenMappings(PipeEnvironment& environment, PortPool& pool, const FrontSettings& front)
    : _environment(environment), _factory(environment), _front(front), _ports(environment, pool),
      _didAllowPlain(environment.allowsPlainVisitors()) {}

void OpenMappings::restore(const StoredMappings& stored) {
    const std::lock_guard lock(_mutex);
    _ports.setReleased(stored.releasedPorts);
    for (const auto& mapping : stored.damaged)
        keepDamaged(mapping);
    for (const auto& mapping : stored.mappings) {
        _names.keepFor(mapping);
        _restored.push_back({&add(mapping), _ports.openAgain(mapping)});
        tellUnserved(mapping);
    }
}

/// With the lock.
LazyPipe& OpenMappings::add(const Mapping& mapping) {
    auto& pipe = _open.try_emplace(mapping.id, _factory, mapping).first->second.pipe;
    _directory.add(pipe);
    return pipe;
}

void OpenMappings::serve() {
    const std::lock_guard lock(_mutex);
    for (auto& [pipe, listeners] : _restored)
        pipe->start(std::move(listeners));
    _restored.clear();
    log().information("%z mappings restored, %z ports free", _open.size(), _ports.freeCount());
    tellUnreachable();
}

/// With the lock.
void OpenMappings::tellUnreachable() const {
    const auto count = std::count_if(_open.begin(), _open.end(),
                                     [this](const auto& one) { return lacksFront(one.second.mapping()); });
    if (count > 0)
        log().error("%z mappings without ports are degraded, nobody can reach them: front.port, or of public "
                    "mappings front.domain, is not set",
                    static_cast<std::size_t>(count));
}

bool OpenMappings::lacksFront(const Mapping& mapping) const {
    return !mapping.hasPorts && !_front.leadsTo(mapping.type);
}

bool OpenMappings::mayServe(const Mapping& mapping) const {
    return mapping.visitors.tls || _environment.allowsPlainVisitors();
}

void OpenMappings::tellUnserved(const Mapping& mapping) const {
    if (!mayServe(mapping))
        log().error("mapping %s is degraded, its visitors are turned away: they would speak plain TCP, and "
                    "pipes.allow-plain-visitors is not true",
                    mapping.id);
}

/// All that now is otherwise.
void OpenMappings::tellWhoIsServed(bool didAllowPlain) const {
    const bool allowsPlain = _environment.allowsPlainVisitors();
    if (allowsPlain == didAllowPlain) return;
    for (const auto& [id, open] : _open)
        if (!allowsPlain)
            tellUnserved(open.mapping());
        else if (!open.mapping().visitors.tls)
            log().notice("mapping %s serves its visitors again", id);
}

void OpenMappings::reload(const std::vector<std::uint16_t>& ports) {
    const std::lock_guard lock(_mutex);
    tellWhoIsServed(std::exchange(_didAllowPlain, _environment.allowsPlainVisitors()));
    _ports.replace(ports);
    std::vector<std::future<void>> changes;
    for (auto& [id, open] : _open)
        changes.push_back(open.pipe.changeEnvironment());
    for (const auto& change : changes)
        change.wait();
}

void OpenMappings::open(const Mapping& mapping, Lease& lease) {
    const std::lock_guard lock(_mutex);
    keepWhatIsLeased(mapping, lease);
    serveNew(mapping, std::move(lease._listeners));
}

/// With the lock.
void OpenMappings::keepWhatIsLeased(const Mapping& mapping, Lease& lease) {
    lease._areKept = true;
    _ports.keepFor(mapping);
    _names.keepFor(mapping);
}

/// With the lock: its ports and its name, but for those that its successor keeps.
void OpenMappings::giveBack(const Mapping& mapping, const Mapping& keeper) {
    _ports.giveBack(mapping, keeper);
    _names.giveBack(mapping, keeper);
}

/// With the lock.
void OpenMappings::serveNew(const Mapping& mapping, std::array<Pipe::Listeners, 2> listeners) {
    add(mapping).start(std::move(listeners));
    _environment.events().publish("mapping-opened", mapping);
}

void OpenMappings::close(const Mapping& mapping) {
    std::unique_lock lock(_mutex);
    if (_damaged.erase(mapping.id) == 0) {
        auto closed = take(mapping.id);
        lock.unlock();
        closed.mapped().pipe.close().get();
        closed = {};
        lock.lock();
    }
    giveBack(mapping, Mapping());
    _environment.events().publish("mapping-closed", mapping);
    if (_onClosed) _onClosed(mapping.id);
}

/// Out of those that are served; empty when it is none of them. With the lock.
OpenMappings::Opened::node_type OpenMappings::take(const std::string& id) {
    auto taken = _open.extract(id);
    if (taken) _directory.remove(taken.mapped().pipe);
    return taken;
}

MappingReport OpenMappings::change(const Mapping& wanted, Lease& lease) {
    std::unique_lock lock(_mutex);
    keepWhatIsLeased(wanted, lease);
    return serveChanged(lock, wanted, std::move(lease._listeners));
}

/// One that is claimed, which nobody else removes.
MappingReport OpenMappings::serveChanged(std::unique_lock<std::mutex>& lock, const Mapping& wanted,
                                         std::array<Pipe::Listeners, 2> listeners) {
    auto& open = find(_open, wanted.id)->second;
    const auto former = open.mapping();
    const auto changed = _directory.change(open.pipe, wanted, std::move(listeners)); // in a reload()'s order
    lock.unlock();
    changed.wait();
    lock.lock();
    giveBack(former, wanted);
    _environment.events().publish("mapping-changed", wanted);
    return reportOf(open);
}

/// What claims do, for those that nobody else has claimed.
class OpenMappings::Hold {
  public:
    /// ids: those that somebody else has claimed are taken out of them.
    Hold(OpenMappings& mappings, std::set<std::string>& ids) : _mappings(mappings) {
        const std::lock_guard lock(_mappings._mutex);
        std::erase_if(ids, [this](const auto& id) { return _mappings._claimed.contains(id); });
        _mappings._claimed.insert(ids.begin(), ids.end());
        _ids = ids;
    }
    ~Hold() {
        const std::lock_guard lock(_mappings._mutex);
        for (const auto& id : _ids)
            _mappings._claimed.extract(id);
        _mappings._unclaimed.notify_all();
    }
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;

  private:
    OpenMappings& _mappings;
    std::set<std::string> _ids;
};

std::set<std::string> OpenMappings::follow(const std::set<std::string>& ids, const ReadRows& read) {
    auto free = ids;
    const Hold hold(*this, free);
    const auto rows = read(free);
    auto removed = free;
    for (const auto* each : {&rows.mappings, &rows.damaged})
        for (const auto& row : *each)
            removed.erase(row.id);
    for (const auto& id : removed) // first: their ports may be those of others
        followRemoval(id);
    for (const auto& row : rows.damaged)
        followDamage(row);
    auto busy = ids;
    std::erase_if(busy, [&free](const auto& id) { return free.contains(id); });
    for (const auto& row : rows.mappings)
        if (!followRow(row)) busy.insert(row.id);
    return busy;
}

/// False when somebody has leased one of its ports, or its name, here, who will not get it.
bool OpenMappings::followRow(const Mapping& row) {
    std::unique_lock lock(_mutex);
    if (_ports.isLeased(row.endpoint1.port) || _ports.isLeased(row.endpoint2.port) ||
        _names.isLeased(row.name))
        return false;
    if (const auto damaged = _damaged.extract(row.id)) giveBack(damaged.mapped(), row);
    _names.keepFor(row);
    const auto found = _open.find(row.id);
    if (found == _open.end()) {
        serveNew(row, _ports.openAgain(row));
        tellUnserved(row);
        log().information("mapping %s is opened, as another Connector has: %s", row.id, inWords(row));
    } else if (checksumOf(found->second.mapping()) != checksumOf(row)) {
        serveChanged(lock, row, _ports.openChanged(found->second.mapping(), row));
        log().information("mapping %s is changed, as another Connector has", row.id);
    }
    return true;
}

/// What is open stays so until a restart.
void OpenMappings::followDamage(const Mapping& row) {
    const std::lock_guard lock(_mutex);
    if (_open.contains(row.id))
        log().error("mapping %s is damaged in the database: it is served until a restart", row.id);
    else
        keepDamaged(row);
}

/// With the lock.
void OpenMappings::keepDamaged(const Mapping& mapping) {
    if (!_damaged.emplace(mapping.id, mapping).second) return;
    _ports.keepFor(mapping);
    _names.keepFor(mapping);
    log().error(
        "mapping %s is damaged in the database, and not served: the checksum of its row is wrong; restore a "
        "backup, or remove it and add a new one",
        mapping.id);
}

/// One that is not known here may be so to the process that this one has replaced.
void OpenMappings::followRemoval(const std::string& id) {
    std::unique_lock lock(_mutex);
    const auto found = _open.find(id);
    const auto damaged = _damaged.find(id);
    if (found == _open.end() && damaged == _damaged.end()) {
        if (_onClosed) _onClosed(id);
        return;
    }
    const auto mapping = found == _open.end() ? damaged->second : found->second.mapping();
    lock.unlock();
    close(mapping);
    log().information("mapping %s is closed, as another Connector has removed it", id);
}

/// Ordered by id, each with the lock, which others get in between: there may be a hundred thousand.
template <class Function>
void OpenMappings::forEachOpen(Function&& function) const {
    constexpr std::size_t kAtOnce = 1000;
    std::string last;
    for (bool isOver = false; !isOver;) {
        const std::lock_guard lock(_mutex);
        auto it = _open.upper_bound(last);
        for (std::size_t i = 0; i < kAtOnce && it != _open.end(); ++i, ++it) {
            function(it->second);
            last = it->first;
        }
        isOver = it == _open.end();
    }
}

std::vector<MappingStore::RowMark> OpenMappings::marks() const {
    std::vector<MappingStore::RowMark> marks;
    forEachOpen([&](const Open& open) { marks.push_back({open.mapping().id, checksumOf(open.mapping())}); });
    return marks;
}

void OpenMappings::allowClaims(bool areAllowed) {
    const std::lock_guard lock(_mutex);
    _areClaimsAllowed = areAllowed;
    _unclaimed.notify_all();
}

bool OpenMappings::knows(const std::string& id) const {
    const std::lock_guard lock(_mutex);
    return _open.contains(id) || _damaged.contains(id);
}

MappingReport OpenMappings::show(const std::string& id) const {
    const std::lock_guard lock(_mutex);
    return reportOf(find(_open, id)->second);
}

std::optional<MappingReport> OpenMappings::findNamed(const std::string& name) const {
    const std::lock_guard lock(_mutex);
    const auto* const owner = _names.ownerOf(name);
    const auto found = owner ? _open.find(*owner) : _open.end();
    if (found == _open.end() || found->second.mapping().name != name) return std::nullopt;
    return reportOf(found->second);
}

ConnectionReports OpenMappings::connections(const std::string& id) const {
    std::unique_lock lock(_mutex);
    auto answer = find(_open, id)->second.pipe.connections();
    lock.unlock();
    return await(std::move(answer));
}

OpenMappings::Ended OpenMappings::endConnection(const std::string& id, std::uint64_t number,
                                                const std::string& by) {
    std::unique_lock lock(_mutex);
    auto& open = find(_open, id)->second;
    const auto mapping = open.mapping();
    auto answer = open.pipe.endConnection(number, "it was ended by " + by);
    lock.unlock();
    const auto [agents, visitors, areTruncated] = await(std::move(answer));
    if (agents.empty() && visitors.empty())
        throw UnknownConnection("mapping " + id + " has no connection " + std::to_string(number));
    return {mapping, agents.empty() ? visitors.front() : agents.front()};
}

ConnectionReports OpenMappings::await(std::future<ConnectionReports> answer) const {
    const auto most = _environment.limits()->loopWait;
    if (answer.wait_for(most) != std::future_status::ready)
        throw LoopsBusy("an event loop has not answered for " + std::to_string(most.count()) +
                        " ms (limits.loop-wait)");
    return answer.get();
}

std::vector<MappingReport> OpenMappings::list(const std::string& after, std::size_t limit) const {
    const std::lock_guard lock(_mutex);
    std::vector<MappingReport> reports;
    for (auto it = _open.upper_bound(after); it != _open.end() && reports.size() < limit; ++it)
        reports.push_back(reportOf(it->second));
    return reports;
}

void OpenMappings::forEach(const Look& look) const {
    forEachOpen([&](const Open& open) { look(open.mapping(), statusOf(open), open.pipe.lastUse()); });
}

MappingTotals OpenMappings::totals() const {
    MappingTotals totals;
    forEachOpen([&](const Open& open) {
        const auto status = statusOf(open);
        ++totals.mappings;
        totals.degraded += status.degraded ? 1 : 0;
        totals.agentsWaiting += status.agentsWaiting[0] + status.agentsWaiting[1];
        totals.visitorsWaiting += status.visitorsWaiting;
        for (const auto refused : status.visitorsRefused)
            totals.visitorsRefused += refused;
        totals.relays += status.relays;
        totals.bytesRelayed += status.bytesFrom[0] + status.bytesFrom[1];
    });
    const std::lock_guard lock(_mutex);
    totals.damaged = _damaged.size();
    return totals;
}

std::size_t OpenMappings::freePortCount() const {
    const std::lock_guard lock(_mutex);
    return _ports.freeCount();
}

PipeStatus OpenMappings::statusOf(const Open& open) const {
    auto status = open.pipe.status();
    status.lacksFront = lacksFront(open.mapping());
    status.degraded = status.degraded || status.lacksFront;
    return status;
}

MappingReport OpenMappings::reportOf(const Open& open) const {
    MappingReport report{open.mapping(), statusOf(open)};
    report.mapping.traffic = report.mapping.traffic.orElse(_environment.trafficOf(report.mapping.type));
    report.mapping.logRelays = open.mapping().logRelays.value_or(_environment.logsRelays());
    report.mapping.lastUse = open.pipe.lastUse();
    return report;
}

std::vector<LastUseRecord> OpenMappings::lastUseToStore(bool isEnd) const {
    const auto now = timestampNow();
    std::vector<LastUseRecord> records;
    forEachOpen([&](const Open& open) {
        const auto current = open.pipe.lastUse();
        if (isEnd ? current != open.storedUse : isDue(current, open.storedUse, now))
            records.push_back({open.mapping().id, current});
    });
    return records;
}

void OpenMappings::onLastUseStored(const std::vector<LastUseRecord>& records) {
    const std::lock_guard lock(_mutex);
    for (const auto& [id, lastUse] : records) {
        const auto found = _open.find(id);
        if (found != _open.end()) found->second.storedUse = lastUse;
    }
}

void OpenMappings::drain() {
    const std::lock_guard lock(_mutex);
    for (auto& [id, open] : _open)
        open.pipe.drain();
}

void OpenMappings::closeDrained(const std::string& id) {
    std::unique_lock lock(_mutex);
    auto drained = take(id);
    lock.unlock();
    if (drained) drained.mapped().pipe.close().get();
}

bool OpenMappings::isDrained() const {
    const std::lock_guard lock(_mutex);
    return std::all_of(_open.begin(), _open.end(),
                       [](const auto& one) { return one.second.pipe.isDrained(); });
}

void OpenMappings::onClosed(OnClosed function) {
    const std::lock_guard lock(_mutex);
    _onClosed = std::move(function);
}

void OpenMappings::closeAll() {
    const std::lock_guard lock(_mutex);
    std::vector<std::future<void>> closing;
    for (auto& [id, open] : _open)
        closing.push_back(open.pipe.close());
    for (auto& closed : closing)
        closed.wait();
    while (!_open.empty())
        take(_open.begin()->first);
}

} // namespace connector
