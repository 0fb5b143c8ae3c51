#include "mapping/MappingService.h"

#include "base/Timestamp.h"
#include "base/Uuid.h"

#include <Poco/Exception.h>
#include <Poco/Format.h>
#include <Poco/Logger.h>
#include <Poco/Net/NetException.h>
#include <Poco/String.h>

#include <cassert>

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

MappingReport reportOf(const Pipe& pipe) {
    MappingReport report{pipe.mapping(), pipe.status()};
    report.mapping.lastUse = pipe.lastUse();
    return report;
}

} // namespace

/// A call that leaves the lock for a while; made and destroyed with the lock held.
class MappingService::Underway {
  public:
    Underway(MappingService& service, const std::unique_lock<std::mutex>& lock)
        : _service(service), _lock(lock) {
        ++_service._underway;
    }
    ~Underway() {
        assert(_lock.owns_lock());
        --_service._underway;
        _service._ended.notify_all();
    }
    Underway(const Underway&) = delete;
    Underway& operator=(const Underway&) = delete;

  private:
    MappingService& _service;
    const std::unique_lock<std::mutex>& _lock;
};

/// The sole right to change or remove one mapping: others who want it wait. Made and destroyed with the lock
/// held, which its owner may leave meanwhile.
class MappingService::Claim {
  public:
    /// Throws UnknownMapping.
    Claim(MappingService& service, const std::string& id, std::unique_lock<std::mutex>& lock)
        : _service(service), _id(id) {
        _service._ended.wait(lock, [&] { return !_service._claimed.contains(id); });
        mapping = _service.find(id);
        _service._claimed.insert(id);
    }
    ~Claim() {
        _service._claimed.erase(_id);
        _service._ended.notify_all();
    }
    Claim(const Claim&) = delete;
    Claim& operator=(const Claim&) = delete;

    OpenMappings::const_iterator mapping;

  private:
    MappingService& _service;
    const std::string _id;
};

/// Leaves the lock for as long as it lives: while the disk, or a pipe that closes, is waited for.
class MappingService::Unlocked {
  public:
    explicit Unlocked(std::unique_lock<std::mutex>& lock) : _lock(lock) { _lock.unlock(); }
    ~Unlocked() { _lock.lock(); }
    Unlocked(const Unlocked&) = delete;
    Unlocked& operator=(const Unlocked&) = delete;

  private:
    std::unique_lock<std::mutex>& _lock;
};

MappingService::MappingService(PipeEnvironment& environment, MappingStore& store, PortPool& ports,
                               std::chrono::milliseconds lastUseInterval)
    : _environment(environment), _factory(environment), _store(store), _commits(store), _ports(ports),
      _lastUseInterval(lastUseInterval) {}

MappingService::~MappingService() {
    stop();
}

void MappingService::restore() {
    const std::lock_guard lock(_mutex);
    _ports.moveToBack(_store.releasedPorts());
    for (const auto& mapping : _store.load()) {
        _ports.remove(mapping.endpoint1.port);
        _ports.remove(mapping.endpoint2.port);
        auto pipe = _factory.createPipe(mapping);
        pipe->start({listenAgain(mapping, mapping.endpoint1), listenAgain(mapping, mapping.endpoint2)});
        _open.emplace(mapping.id, Open{std::move(pipe), mapping.lastUse});
        if (!mayServe(mapping.visitors))
            log().error(
                "mapping %s is degraded, its visitors are turned away: they would speak plain TCP, and "
                "pipes.allow-plain-visitors is not true",
                mapping.id);
    }
    _ready = true;
    startLastUseTimer();
    log().information("%z mappings restored, %z ports free", _open.size(), _ports.freeCount());
}

Mapping MappingService::add(Mapping wanted, const std::string& openedBy) {
    wanted.id = randomUuid();
    wanted.endpoint1.passcode = randomUuid();
    wanted.endpoint2.passcode = wanted.type == Mapping::Type::Private ? randomUuid() : "";
    wanted.created = timestampNow();
    checkVisitors(wanted.visitors);

    std::unique_lock lock(_mutex);
    refuseUnlessServing();
    const Underway underway(*this, lock);
    std::array<Pipe::Listeners, 2> listeners;
    try {
        listeners[0] = listenOnFreePort(wanted.endpoint1.port);
        listeners[1] = listenOnFreePort(wanted.endpoint2.port);
        const Unlocked meanwhile(lock);
        _commits.insert(wanted);
    } catch (...) {
        giveBackPorts(wanted);
        throw;
    }
    auto pipe = _factory.createPipe(wanted);
    pipe->start(std::move(listeners));
    _open.emplace(wanted.id, Open{std::move(pipe), LastUse()});
    log().information(Poco::format("mapping %s opened by %s: %s, ports %hu and %hu", wanted.id, openedBy,
                                   std::string(wanted.typeName()), wanted.endpoint1.port,
                                   wanted.endpoint2.port) +
                      inWords(wanted.visitors));
    return wanted;
}

void MappingService::remove(const std::string& id, const std::string& closedBy) {
    std::unique_lock lock(_mutex);
    refuseUnlessServing();
    const Underway underway(*this, lock);
    const Claim claim(*this, id, lock);
    {
        const Unlocked meanwhile(lock);
        _commits.remove(claim.mapping->second.pipe->mapping());
    }
    auto pipe = std::move(_open.extract(claim.mapping).mapped().pipe);
    {
        const Unlocked meanwhile(lock);
        pipe->close().get();
    }
    giveBackPorts(pipe->mapping());
    pipe.reset();
    log().information("mapping %s closed by %s", id, closedBy);
}

MappingReport MappingService::change(const std::string& id, const MappingChange& change,
                                     const std::string& changedBy) {
    std::unique_lock lock(_mutex);
    refuseUnlessServing();
    const Underway underway(*this, lock);
    const Claim claim(*this, id, lock);
    auto& pipe = *claim.mapping->second.pipe;
    if (pipe.mapping().type == Mapping::Type::Private)
        throw UnfitSettings("alpn, visitortls: a private mapping has no visitors, who alone have these");
    auto visitors = pipe.mapping().visitors;
    if (change.alpn) visitors.alpn = *change.alpn;
    if (change.visitorTls) visitors.tls = *change.visitorTls;
    checkVisitors(visitors);
    {
        const Unlocked meanwhile(lock);
        _commits.setVisitors(id, visitors);
    }
    pipe.setVisitors(visitors);
    log().information("mapping %s changed by %s: public%s", id, changedBy, inWords(visitors));
    return reportOf(pipe);
}

MappingReport MappingService::show(const std::string& id) const {
    const std::lock_guard lock(_mutex);
    return reportOf(*find(id)->second.pipe);
}

std::vector<MappingReport> MappingService::list(const std::string& after, std::size_t limit) const {
    const std::lock_guard lock(_mutex);
    std::vector<MappingReport> reports;
    for (auto it = _open.upper_bound(after); it != _open.end() && reports.size() < limit; ++it)
        reports.push_back(reportOf(*it->second.pipe));
    return reports;
}

MappingTotals MappingService::totals() const {
    const std::lock_guard lock(_mutex);
    MappingTotals totals;
    totals.mappings = _open.size();
    for (const auto& [id, open] : _open) {
        const auto status = open.pipe->status();
        totals.degraded += status.degraded ? 1 : 0;
        totals.agentsWaiting += status.agentsWaiting[0] + status.agentsWaiting[1];
        totals.visitorsWaiting += status.visitorsWaiting;
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

void MappingService::stop() {
    std::unique_lock lock(_mutex);
    _ready = false;
    _stopping = true;
    _ended.wait(lock, [this] { return _underway == 0; });
    lock.unlock();
    _lastUseTimer.stop();
    storeLastUse(All::Yes);
    lock.lock();
    std::vector<std::future<void>> closing;
    for (auto& [id, open] : _open)
        closing.push_back(open.pipe->close());
    for (auto& closed : closing)
        closed.wait();
    _open.clear();
}

Pipe::Listeners MappingService::listenAgain(const Mapping& mapping, const Endpoint& endpoint) {
    try {
        return _environment.listen(endpoint.port);
    } catch (const Poco::Exception& error) {
        log().error("mapping %s is degraded, its port %hu can't be opened: %s", mapping.id, endpoint.port,
                    error.displayText());
        return {};
    }
}

Pipe::Listeners MappingService::listenOnFreePort(std::uint16_t& port) {
    std::string lastFailure = "all are taken by mappings";
    for (auto left = _ports.freeCount(); left > 0; --left) {
        const auto candidate = _ports.take();
        try {
            auto listeners = _environment.listen(candidate);
            port = candidate;
            return listeners;
        } catch (const Poco::Net::NetException& error) { // something else has it; the next one may be free
            _ports.giveBack(candidate);
            lastFailure = Poco::format("the last one tried, %hu: %s", candidate, error.displayText());
        } catch (const Poco::Exception& error) {
            _ports.giveBack(candidate);
            throw NoFreePorts("no port can be opened: " + error.displayText());
        }
    }
    throw NoFreePorts("there are no two free ports; " + lastFailure);
}

void MappingService::giveBackPorts(const Mapping& mapping) {
    for (const auto port : {mapping.endpoint1.port, mapping.endpoint2.port})
        if (port != 0) _ports.giveBack(port);
}

MappingService::OpenMappings::const_iterator MappingService::find(const std::string& id) const {
    const auto found = _open.find(id);
    if (found == _open.end()) throw UnknownMapping("no mapping has the id " + id);
    return found;
}

bool MappingService::mayServe(const VisitorSettings& visitors) const {
    return visitors.tls || _environment.allowsPlainVisitors();
}

void MappingService::checkVisitors(const VisitorSettings& visitors) const {
    if (!mayServe(visitors))
        throw UnfitSettings("visitortls: false is not allowed here; it must be true, unless "
                            "pipes.allow-plain-visitors is true in the server's configuration");
    if (!visitors.tls && !visitors.alpn.empty())
        throw UnfitSettings(
            "alpn: it is selected in the visitors' TLS handshake, which \"visitortls\": false "
            "leaves out; it must be empty, or visitortls true");
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

/// Without the lock while the disk is busy. all: also what is too fresh to be written again.
void MappingService::storeLastUse(All all) {
    const auto records = lastUseToStore(all);
    if (records.empty()) return;
    try {
        _commits.setLastUse(records);
    } catch (const StorageError& error) {
        if (!std::exchange(_lastUseFailed, true))
            log().error("when mappings were last in use can't be written, and is tried again: %s",
                        std::string(error.what()));
        return;
    }
    if (std::exchange(_lastUseFailed, false)) log().notice("when mappings were last in use is written again");
    const std::lock_guard lock(_mutex);
    for (const auto& [id, lastUse] : records) {
        const auto found = _open.find(id);
        if (found != _open.end()) found->second.storedUse = lastUse;
    }
}

std::vector<LastUseRecord> MappingService::lastUseToStore(All all) const {
    const std::lock_guard lock(_mutex);
    const auto now = timestampNow();
    std::vector<LastUseRecord> records;
    for (const auto& [id, open] : _open) {
        const auto current = open.pipe->lastUse();
        if (all == All::Yes ? current != open.storedUse : isDue(current, open.storedUse, now))
            records.push_back({id, current});
    }
    return records;
}

void MappingService::refuseUnlessServing() const {
    if (_stopping) throw NotServing("the connector is shutting down");
    if (!_ready) throw NotServing("the mappings are still being restored; try again in a moment");
}

} // namespace connector
