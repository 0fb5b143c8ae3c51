#include "mapping/MappingService.h"

#include "base/Timestamp.h"
#include "base/Uuid.h"

#include <Poco/Format.h>
#include <Poco/Logger.h>
#include <Poco/String.h>

#include <algorithm>
#include <utility>

namespace connector {

namespace {

Poco::Logger& log() {
    return Poco::Logger::get("mapping");
}

/// Nothing for those that every mapping has unless it is asked for others.
std::string inWords(const VisitorSettings& visitors) {
    if (!visitors.tls) return ", visitors without TLS";
    if (visitors.alpn.empty()) return "";
    return ", ALPN " + Poco::cat(std::string(" "), visitors.alpn.begin(), visitors.alpn.end());
}

} // namespace

/// Throws UnknownMapping when it is not there.
template <class Mappings>
auto MappingService::find(Mappings& mappings, const std::string& id) {
    const auto found = mappings.find(id);
    if (found == mappings.end()) throw UnknownMapping("no mapping has the id " + id);
    return found;
}

/// A call that changes something; made and destroyed without the lock.
class MappingService::Underway {
  public:
    /// Throws NotServing.
    explicit Underway(MappingService& service) : _service(service) {
        const std::lock_guard lock(_service._mutex);
        _service.refuseUnlessServing();
        ++_service._underway;
    }
    ~Underway() {
        const std::lock_guard lock(_service._mutex);
        --_service._underway;
        _service._ended.notify_all();
    }
    Underway(const Underway&) = delete;
    Underway& operator=(const Underway&) = delete;

  private:
    MappingService& _service;
};

/// The sole right to change or remove one mapping: others who want it wait. Made and destroyed without the
/// lock, by a caller or, when that has gone, with the outcome of what it wanted.
class MappingService::Claim {
  public:
    /// Throws UnknownMapping, StorageStalled, NotServing.
    Claim(MappingService& service, const std::string& id, DatabaseWriter::Clock::time_point until)
        : _service(service), _id(id) {
        std::unique_lock lock(_service._mutex);
        const auto isFree = [&] { return _service._stopping || !_service._claimed.contains(id); };
        if (!_service._ended.wait_until(lock, until, isFree))
            throw StorageStalled(
                "another change of this mapping waits for the disk of the server's database; "
                "nothing was changed");
        _service.refuseUnlessServing();
        const auto damaged = _service._damaged.find(id);
        _isDamaged = damaged != _service._damaged.end();
        _mapping = _isDamaged ? damaged->second : find(_service._open, id)->second.mapping;
        _service._claimed.insert(id);
    }
    ~Claim() {
        const std::lock_guard lock(_service._mutex);
        _service._claimed.erase(_id);
        _service._ended.notify_all();
    }
    Claim(const Claim&) = delete;
    Claim& operator=(const Claim&) = delete;

    /// As it was when the claim was made; nobody else changes it.
    const Mapping& mapping() const { return _mapping; }
    /// Only its id and its ports are known.
    bool isDamaged() const { return _isDamaged; }

  private:
    MappingService& _service;
    const std::string _id;
    Mapping _mapping;
    bool _isDamaged = false;
};

/// Ports on their way to a mapping. They go back to the pool with it, unless the mapping has got them. Made
/// and destroyed without the lock.
class MappingService::PortLease {
  public:
    /// The ports of a mapping, but for those that the other one has: they are listened on. Those that are 0
    /// in `wanted` are chosen. Throws UnfitSettings, PortTaken, NoFreePorts.
    PortLease(MappingService& service, const Mapping& former, Mapping& wanted)
        : _service(service), _former(former) {
        const std::lock_guard lock(_service._mutex);
        listeners = _service._ports.open(_former, wanted);
        _wanted = wanted;
    }
    ~PortLease() {
        const std::lock_guard lock(_service._mutex);
        if (!_areKept) _service._ports.giveBack(_wanted, _former);
    }
    PortLease(const PortLease&) = delete;
    PortLease& operator=(const PortLease&) = delete;

    void keep() { _areKept = true; }

    std::array<Pipe::Listeners, 2> listeners; ///< of those ports

  private:
    MappingService& _service;
    const Mapping _former;
    Mapping _wanted;
    bool _areKept = false;
};

MappingService::MappingService(PipeEnvironment& environment, MappingStore& store, PortPool& ports,
                               const DatabaseLimits& database, std::chrono::milliseconds lastUseInterval,
                               LimitedLogs& logs)
    : _environment(environment), _factory(environment), _store(store),
      _ports(environment, ports, [this](std::uint16_t port) { return ownerOfPort(port); }),
      _lastUseInterval(lastUseInterval), _didAllowPlain(environment.allowsPlainVisitors()), _audit(logs),
      _writer(store, database) {}

MappingService::~MappingService() {
    stop(DatabaseWriter::Clock::now());
}

void MappingService::restore() {
    const auto released = _store.releasedPorts();
    const auto mappings = _store.load();
    const auto damaged = _store.loadDamaged();
    const std::lock_guard lock(_mutex);
    _ports.setReleased(released);
    for (const auto& mapping : damaged) {
        _ports.keepFor(mapping);
        _damaged.emplace(mapping.id, mapping);
        log().error(
            "mapping %s is damaged in the database, and not served: the checksum of its row is wrong; "
            "restore a backup, or remove it and add a new one",
            mapping.id);
    }
    for (const auto& mapping : mappings) {
        auto pipe = _factory.createPipe(mapping);
        _restored.push_back({pipe.get(), _ports.openAgain(mapping)});
        _open.emplace(mapping.id, Open{mapping, std::move(pipe), mapping.lastUse});
        tellUnserved(mapping);
    }
}

void MappingService::serve() {
    const std::lock_guard lock(_mutex);
    for (auto& [pipe, listeners] : _restored)
        pipe->start(std::move(listeners));
    _restored.clear();
    _writer.start();
    _ready = true;
    startLastUseTimer();
    log().information("%z mappings restored, %z ports free", _open.size(), _ports.freeCount());
}

void MappingService::tellUnserved(const Mapping& mapping) const {
    if (!mayServe(mapping.visitors))
        log().error("mapping %s is degraded, its visitors are turned away: they would speak plain TCP, and "
                    "pipes.allow-plain-visitors is not true",
                    mapping.id);
}

/// All that now is otherwise.
void MappingService::tellWhoIsServed(bool didAllowPlain) const {
    const bool allowsPlain = _environment.allowsPlainVisitors();
    if (allowsPlain == didAllowPlain) return;
    for (const auto& [id, open] : _open)
        if (!allowsPlain)
            tellUnserved(open.mapping);
        else if (!open.mapping.visitors.tls)
            log().notice("mapping %s serves its visitors again", id);
}

void MappingService::reload(const std::vector<std::uint16_t>& ports, const DatabaseLimits& database,
                            std::chrono::milliseconds lastUseInterval) {
    _store.limitBusy(database.busy);
    _writer.limit(database);
    const std::lock_guard lock(_mutex);
    if (std::exchange(_lastUseInterval, lastUseInterval) != lastUseInterval)
        _lastUseTimer.restart(lastUseInterval.count());
    tellWhoIsServed(std::exchange(_didAllowPlain, _environment.allowsPlainVisitors()));
    _ports.replace(ports);
    std::vector<std::future<void>> changes;
    for (const auto& [id, open] : _open)
        changes.push_back(open.pipe->change(open.mapping, {}));
    for (const auto& change : changes)
        change.wait();
}

Mapping MappingService::add(Mapping wanted, const Caller& openedBy) {
    wanted.id = randomUuid();
    wanted.endpoint1.passcode = randomUuid();
    wanted.endpoint2.passcode = wanted.type == Mapping::Type::Private ? randomUuid() : "";
    wanted.created = timestampNow();
    check(wanted);

    const Underway underway(*this);
    const DatabaseWriter::Patience patience(_writer);
    const auto ports = std::make_shared<PortLease>(*this, Mapping(), wanted);
    _writer.write(
        patience, [wanted](MappingStore& store) { store.insert(wanted); },
        {"no mapping was opened, and what is written of one is removed again", // nobody has its passcodes
         [this, wanted, ports](const std::exception_ptr& failure) {
             if (!failure) undo(wanted, ports);
         }});

    const std::lock_guard lock(_mutex);
    ports->keep();
    auto pipe = _factory.createPipe(wanted);
    pipe->start(std::move(ports->listeners));
    _open.emplace(wanted.id, Open{wanted, std::move(pipe), LastUse()});
    const auto line =
        Poco::format("mapping %s opened by %s: %s, ports %hu and %hu", wanted.id, openedBy.inWords(),
                     std::string(wanted.typeName()), wanted.endpoint1.port, wanted.endpoint2.port) +
        inWords(wanted.visitors);
    _audit.write(openedBy, "add", wanted,
                 LogLine(line).with("port1", wanted.endpoint1.port).with("port2", wanted.endpoint2.port));
    _environment.events().publish("mapping-opened", wanted);
    return wanted;
}

/// Of a mapping that was committed when its caller had been told that it wouldn't be. Its ports are kept
/// until its row is gone.
void MappingService::undo(const Mapping& mapping, std::shared_ptr<PortLease> ports) {
    log().warning("mapping %s, which was not opened, was written late; it is removed again", mapping.id);
    _writer.writeSurely([mapping](MappingStore& store) { store.remove(mapping); },
                        [ports = std::move(ports)](const std::exception_ptr&) {});
}

void MappingService::remove(const std::string& id, const Caller& closedBy) {
    const Underway underway(*this);
    const DatabaseWriter::Patience patience(_writer);
    const auto claim = std::make_shared<Claim>(*this, id, patience.until());
    const auto removed = claim->mapping();
    const bool isDamaged = claim->isDamaged();
    _writer.write(patience,
                  [removed, isDamaged](MappingStore& store) {
                      if (isDamaged)
                          store.removeIfThere(removed);
                      else
                          store.remove(removed);
                  },
                  {"the mapping is removed as soon as it does",
                   [this, claim, closedBy](const std::exception_ptr& failure) {
                       if (!failure) goOnLate([this, claim, closedBy] { close(claim->mapping(), closedBy); });
                   }});
    close(removed, closedBy);
}

/// Of a mapping whose row is gone.
void MappingService::close(const Mapping& mapping, const Caller& closedBy) {
    std::unique_lock lock(_mutex);
    if (_damaged.erase(mapping.id) == 0) {
        auto pipe = std::move(_open.extract(mapping.id).mapped().pipe);
        lock.unlock();
        pipe->close().get();
        pipe.reset();
        lock.lock();
    }
    _ports.giveBack(mapping, Mapping());
    _environment.events().publish("mapping-closed", mapping);
    if (_onRemoved) _onRemoved(mapping.id);
    _audit.write(closedBy, "remove", mapping, "mapping " + mapping.id + " closed by " + closedBy.inWords());
}

MappingReport MappingService::change(const std::string& id, const Edit& edit, const std::string& what,
                                     const Caller& changedBy) {
    const Underway underway(*this);
    const DatabaseWriter::Patience patience(_writer);
    const auto claim = std::make_shared<Claim>(*this, id, patience.until());
    if (claim->isDamaged())
        throw UnknownMapping("mapping " + id + " is damaged in the database; it can only be removed");
    const auto former = claim->mapping();
    auto wanted = former;
    edit(wanted);
    check(wanted);
    const auto ports = std::make_shared<PortLease>(*this, former, wanted);
    _writer.write(patience, [former, wanted](MappingStore& store) { store.replace(former, wanted); },
                  {"the mapping is changed as soon as it does",
                   [this, claim, wanted, ports, what, changedBy](const std::exception_ptr& failure) {
                       if (!failure)
                           goOnLate([this, claim, wanted, ports, what, changedBy] {
                               apply(claim->mapping(), wanted, *ports, what, changedBy);
                           });
                   }});
    return apply(former, wanted, *ports, what, changedBy);
}

/// What is committed.
MappingReport MappingService::apply(const Mapping& former, const Mapping& wanted, PortLease& ports,
                                    const std::string& what, const Caller& changedBy) {
    std::unique_lock lock(_mutex);
    auto& open = find(_open, wanted.id)->second;
    open.mapping = wanted;
    ports.keep();
    lock.unlock(); // nobody else removes it
    open.pipe->change(wanted, std::move(ports.listeners)).get();
    lock.lock();
    _ports.giveBack(former, wanted);
    _environment.events().publish("mapping-changed", wanted);
    LogLine line("mapping " + wanted.id + " changed by " + changedBy.inWords() + ": " + what);
    if (what == kNewPasscode)
        _audit.write(changedBy, "passcode", wanted, line);
    else
        _audit.write(changedBy, "change", wanted, line.with("change", what));
    return reportOf(open);
}

/// What is to be done after a commit whose caller has gone. When the process stops, or another one has the
/// database, there is nothing to do: whoever opens it does as the rows say.
void MappingService::goOnLate(const std::function<void()>& step) {
    try {
        const Underway underway(*this);
        step();
    } catch (const NotServing&) {
        const std::lock_guard lock(_mutex);
        _late.push_back(step);
    }
}

MappingReport MappingService::show(const std::string& id) const {
    const std::lock_guard lock(_mutex);
    return reportOf(find(_open, id)->second);
}

ConnectionReports MappingService::connections(const std::string& id) const {
    std::unique_lock lock(_mutex);
    auto answer = find(_open, id)->second.pipe->connections();
    lock.unlock();
    return await(std::move(answer));
}

void MappingService::endConnection(const std::string& id, std::uint64_t number, const Caller& endedBy) {
    std::unique_lock lock(_mutex);
    const auto& open = find(_open, id)->second;
    const auto mapping = open.mapping;
    auto answer = open.pipe->endConnection(number, "it was ended by " + endedBy.inWords());
    lock.unlock();
    const auto [agents, visitors, areTruncated] = await(std::move(answer));
    if (agents.empty() && visitors.empty())
        throw UnknownConnection("mapping " + id + " has no connection " + std::to_string(number));
    const auto& ended = agents.empty() ? visitors.front() : agents.front();
    const std::string kind = agents.empty() ? "visitor" : "agent";
    LogLine line(Poco::format("mapping %s: %s %s, connection %Lu, was ended by %s", id, kind, ended.address,
                              number, endedBy.inWords()));
    _audit.write(endedBy, "disconnect", mapping,
                 line.with("connection", number).with(kind.c_str(), ended.address));
}

ConnectionReports MappingService::await(std::future<ConnectionReports> answer) const {
    const auto most = _environment.limits()->loopWait;
    if (answer.wait_for(most) != std::future_status::ready)
        throw LoopsBusy("an event loop has not answered for " + std::to_string(most.count()) +
                        " ms (limits.loop-wait)");
    return answer.get();
}

std::vector<MappingReport> MappingService::list(const std::string& after, std::size_t limit) const {
    const std::lock_guard lock(_mutex);
    std::vector<MappingReport> reports;
    for (auto it = _open.upper_bound(after); it != _open.end() && reports.size() < limit; ++it)
        reports.push_back(reportOf(it->second));
    return reports;
}

MappingTotals MappingService::totals() const {
    const std::lock_guard lock(_mutex);
    MappingTotals totals;
    totals.mappings = _open.size();
    totals.damaged = _damaged.size();
    for (const auto& [id, open] : _open) {
        const auto status = open.pipe->status();
        totals.degraded += status.degraded ? 1 : 0;
        totals.agentsWaiting += status.agentsWaiting[0] + status.agentsWaiting[1];
        totals.visitorsWaiting += status.visitorsWaiting;
        for (const auto refused : status.visitorsRefused)
            totals.visitorsRefused += refused;
        totals.relays += status.relays;
        totals.bytesRelayed += status.bytesFrom[0] + status.bytesFrom[1];
    }
    return totals;
}

std::size_t MappingService::freePortCount() const {
    const std::lock_guard lock(_mutex);
    return _ports.freeCount();
}

int MappingService::descriptorCount() const {
    return _environment.descriptors();
}

int MappingService::freeDescriptorCount() const {
    return _environment.freeDescriptors();
}

void MappingService::refuse(DatabaseWriter::Clock::time_point patience) {
    _writer.hurry(patience);
    const std::lock_guard lock(_mutex);
    _ready = false;
    _stopping = true;
    _ended.notify_all();
}

bool MappingService::suspend(DatabaseWriter::Clock::time_point patience,
                             DatabaseWriter::Clock::time_point until) {
    refuse(patience);
    _lastUseTimer.stop();
    {
        std::unique_lock lock(_mutex);
        if (!_ended.wait_until(lock, until, [this] { return _underway == 0; })) return false;
    }
    storeLastUse(All::Yes);
    return _writer.pause(until);
}

void MappingService::resume() {
    _writer.resume();
    std::vector<std::function<void()>> late;
    {
        const std::lock_guard lock(_mutex);
        _stopping = false;
        _ready = true;
        startLastUseTimer();
        late.swap(_late);
    }
    for (const auto& step : late)
        goOnLate(step);
}

void MappingService::drain() {
    const std::lock_guard lock(_mutex);
    _isHandedOver = true;
    _store.close(); // the writer rests: the other process alone keeps others out from now on
    for (auto& [id, open] : _open)
        open.pipe->drain();
}

void MappingService::closeDrained(const std::string& id) {
    std::unique_lock lock(_mutex);
    auto drained = _open.extract(id);
    lock.unlock();
    if (drained) drained.mapped().pipe->close().get();
}

void MappingService::onRemoved(OnRemoved function) {
    const std::lock_guard lock(_mutex);
    _onRemoved = std::move(function);
}

bool MappingService::isDrained() const {
    const std::lock_guard lock(_mutex);
    return std::all_of(_open.begin(), _open.end(),
                       [](const auto& one) { return one.second.pipe->isDrained(); });
}

bool MappingService::stop(DatabaseWriter::Clock::time_point until) {
    refuse(DatabaseWriter::Clock::now());
    {
        std::unique_lock lock(_mutex);
        _ended.wait(lock, [this] { return _underway == 0; });
    }
    _lastUseTimer.stop();
    if (!_isHandedOver) storeLastUse(All::Yes);
    closePipes();
    const bool isWritten = _writer.stop(until);
    std::vector<std::function<void()>> late; // with claims, which must not outlive what they are on
    const std::lock_guard lock(_mutex);
    late.swap(_late);
    return isWritten;
}

void MappingService::closePipes() {
    const std::lock_guard lock(_mutex);
    std::vector<std::future<void>> closing;
    for (auto& [id, open] : _open)
        closing.push_back(open.pipe->close());
    for (auto& closed : closing)
        closed.wait();
    _open.clear();
}

MappingReport MappingService::reportOf(const Open& open) const {
    MappingReport report{open.mapping, open.pipe->status()};
    report.mapping.traffic = report.mapping.traffic.orElse(_environment.trafficOf(report.mapping.type));
    report.mapping.logRelays = open.mapping.logRelays.value_or(_environment.logsRelays());
    report.mapping.lastUse = open.pipe->lastUse();
    return report;
}

/// "" when no open mapping has it.
std::string MappingService::ownerOfPort(std::uint16_t port) const {
    for (const auto& [id, open] : _open)
        if (open.mapping.endpoint1.port == port || open.mapping.endpoint2.port == port) return id;
    return {};
}

bool MappingService::mayServe(const VisitorSettings& visitors) const {
    return visitors.tls || _environment.allowsPlainVisitors();
}

/// What doesn't depend on other mappings.
void MappingService::check(const Mapping& wanted) const {
    const auto& visitors = wanted.visitors;
    if (!mayServe(visitors))
        throw UnfitSettings("visitortls: false is not allowed here; it must be true, unless "
                            "pipes.allow-plain-visitors is true in the server's configuration");
    if (!visitors.tls && !visitors.alpn.empty())
        throw UnfitSettings(
            "alpn: it is selected in the visitors' TLS handshake, which \"visitortls\": false "
            "leaves out; it must be empty, or visitortls true");
    const auto port = wanted.endpoint1.port;
    if (port != 0 && port == wanted.endpoint2.port)
        throw UnfitSettings("port2: it must be another one than port1");
}

void MappingService::startLastUseTimer() {
    const auto interval = static_cast<long>(_lastUseInterval.count());
    _lastUseTimer.setStartInterval(interval);
    _lastUseTimer.setPeriodicInterval(interval);
    _lastUseTimer.start(Poco::TimerCallback<MappingService>(*this, &MappingService::onLastUseTimer));
}

void MappingService::onLastUseTimer(Poco::Timer&) {
    storeLastUse(All::No);
}

/// Waits for nothing. all: also what is too fresh to be written again.
void MappingService::storeLastUse(All all) {
    auto records = lastUseToStore(all);
    if (records.empty()) return;
    _writer.writeLater(
        [records](MappingStore& store) { store.setLastUse(records); },
        [this, records](const std::exception_ptr& failure) { onLastUseStored(records, failure); });
}

void MappingService::onLastUseStored(const std::vector<LastUseRecord>& records,
                                     const std::exception_ptr& failure) {
    const std::lock_guard lock(_mutex);
    _isStoringLastUse = false;
    try {
        if (failure) std::rethrow_exception(failure);
    } catch (const std::exception& error) {
        if (!std::exchange(_lastUseFailed, true))
            log().error("when mappings were last in use can't be written, and is tried again: %s",
                        std::string(error.what()));
        return;
    }
    if (std::exchange(_lastUseFailed, false)) log().notice("when mappings were last in use is written again");
    for (const auto& [id, lastUse] : records) {
        const auto found = _open.find(id);
        if (found != _open.end()) found->second.storedUse = lastUse;
    }
}

/// Nothing while the disk has not answered to what was to be stored before, unless it is the end.
std::vector<LastUseRecord> MappingService::lastUseToStore(All all) {
    const std::lock_guard lock(_mutex);
    if (all == All::No && _isStoringLastUse) return {};
    const auto now = timestampNow();
    std::vector<LastUseRecord> records;
    for (const auto& [id, open] : _open) {
        const auto current = open.pipe->lastUse();
        if (all == All::Yes ? current != open.storedUse : isDue(current, open.storedUse, now))
            records.push_back({id, current});
    }
    _isStoringLastUse = !records.empty();
    return records;
}

void MappingService::refuseUnlessServing() const {
    if (_stopping) throw NotServing("the connector is shutting down");
    if (!_ready) throw NotServing("the mappings are still being restored; try again in a moment");
}

} // namespace connector
