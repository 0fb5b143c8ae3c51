#include "mapping/MappingService.h"

#include "base/Timestamp.h"
#include "base/Uuid.h"

#include <Poco/Exception.h>
#include <Poco/Format.h>
#include <Poco/Logger.h>
#include <Poco/Net/NetException.h>
#include <Poco/String.h>

#include <algorithm>
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

/// The names of a mapping's ports in the API.
constexpr std::array kPortKeys{"port1", "port2"};

bool hasPort(const Mapping& mapping, std::uint16_t port) {
    return mapping.endpoint1.port == port || mapping.endpoint2.port == port;
}

} // namespace

/// Throws UnknownMapping when it is not there.
template <class Mappings>
auto MappingService::find(Mappings& mappings, const std::string& id) {
    const auto found = mappings.find(id);
    if (found == mappings.end()) throw UnknownMapping("no mapping has the id " + id);
    return found;
}

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
        mapping = find(_service._open, id);
        _service._claimed.insert(id);
    }
    ~Claim() {
        _service._claimed.erase(_id);
        _service._ended.notify_all();
    }
    Claim(const Claim&) = delete;
    Claim& operator=(const Claim&) = delete;

    OpenMappings::iterator mapping;

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
        _open.emplace(mapping.id, Open{mapping, std::move(pipe), mapping.lastUse});
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
    check(wanted);

    std::unique_lock lock(_mutex);
    refuseUnlessServing();
    const Underway underway(*this, lock);
    auto listeners = listenOn(Mapping(), wanted);
    try {
        const Unlocked meanwhile(lock);
        _commits.insert(wanted);
    } catch (...) {
        giveBackPorts(wanted, Mapping());
        throw;
    }
    auto pipe = _factory.createPipe(wanted);
    pipe->start(std::move(listeners));
    _open.emplace(wanted.id, Open{wanted, std::move(pipe), LastUse()});
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
        _commits.remove(claim.mapping->second.mapping);
    }
    auto removed = std::move(_open.extract(claim.mapping).mapped());
    {
        const Unlocked meanwhile(lock);
        removed.pipe->close().get();
    }
    giveBackPorts(removed.mapping, Mapping());
    removed.pipe.reset();
    log().information("mapping %s closed by %s", id, closedBy);
}

MappingReport MappingService::change(const std::string& id, const Edit& edit, const std::string& what,
                                     const std::string& changedBy) {
    std::unique_lock lock(_mutex);
    refuseUnlessServing();
    const Underway underway(*this, lock);
    const Claim claim(*this, id, lock);
    auto& open = claim.mapping->second;
    const auto former = open.mapping;
    auto wanted = former;
    wanted.lastUse = open.storedUse;
    edit(wanted);
    check(wanted);
    auto listeners = listenOn(former, wanted);
    try {
        const Unlocked meanwhile(lock);
        _commits.replace(former, wanted);
    } catch (...) {
        giveBackPorts(wanted, former);
        throw;
    }
    open.mapping = wanted;
    {
        const Unlocked meanwhile(lock);
        open.pipe->change(wanted, std::move(listeners)).get();
    }
    giveBackPorts(former, wanted);
    log().information("mapping %s changed by %s: %s", id, changedBy, what);
    return reportOf(open);
}

MappingReport MappingService::show(const std::string& id) const {
    const std::lock_guard lock(_mutex);
    return reportOf(find(_open, id)->second);
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

MappingReport MappingService::reportOf(const Open& open) const {
    MappingReport report{open.mapping, open.pipe->status()};
    report.mapping.traffic = report.mapping.traffic.orElse(_environment.trafficOf(report.mapping.type));
    report.mapping.lastUse = open.pipe->lastUse();
    return report;
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

/// Opens the ports that the former one has not, and takes them from the pool; those that are 0 are chosen.
/// Certain ports first, or one of them might be chosen for the other. Takes none when it throws.
std::array<Pipe::Listeners, 2> MappingService::listenOn(const Mapping& former, Mapping& wanted) {
    const std::array<std::uint16_t, 2> before{former.endpoint1.port, former.endpoint2.port};
    const std::array ports{&wanted.endpoint1.port, &wanted.endpoint2.port};
    std::array<Pipe::Listeners, 2> listeners;
    std::vector<std::uint16_t> taken;
    const auto take = [&](std::size_t i) {
        listeners[i] = *ports[i] == 0 ? listenOnFreePort(*ports[i]) : listenOnPort(kPortKeys[i], *ports[i]);
        taken.push_back(*ports[i]);
    };
    try {
        for (std::size_t i = 0; i < ports.size(); ++i)
            if (*ports[i] != 0 && *ports[i] != before[i]) take(i);
        for (std::size_t i = 0; i < ports.size(); ++i)
            if (*ports[i] == 0) take(i);
        return listeners;
    } catch (...) {
        for (const auto port : taken)
            _ports.giveBack(port);
        throw;
    }
}

Pipe::Listeners MappingService::listenOnPort(const std::string& key, std::uint16_t port) {
    refuseTaken(key, port);
    _ports.remove(port);
    try {
        return _environment.listen(port);
    } catch (const Poco::Net::NetException& error) {
        _ports.giveBack(port);
        throw PortTaken(
            Poco::format("%s: %hu is taken by another program: %s", key, port, error.displayText()));
    } catch (const Poco::Exception& error) {
        _ports.giveBack(port);
        throw NoFreePorts(Poco::format("%s: %hu can't be opened: %s", key, port, error.displayText()));
    }
}

void MappingService::refuseTaken(const std::string& key, std::uint16_t port) const {
    if (!_ports.knows(port))
        throw UnfitSettings(Poco::format("%s: %hu is not for mappings; it must be one of \"ports\" in the "
                                         "server's configuration, and not in \"exclude\"",
                                         key, port));
    if (_ports.isFree(port)) return;
    const auto owner = std::find_if(_open.begin(), _open.end(),
                                    [&](const auto& one) { return hasPort(one.second.mapping, port); });
    throw PortTaken(
        Poco::format("%s: %hu is taken by ", key, port) +
        (owner == _open.end() ? "a mapping that is just being opened or closed" : "mapping " + owner->first));
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

/// Those of a mapping that its successor does not keep.
void MappingService::giveBackPorts(const Mapping& mapping, const Mapping& keeper) {
    for (const auto port : {mapping.endpoint1.port, mapping.endpoint2.port})
        if (port != 0 && !hasPort(keeper, port)) _ports.giveBack(port);
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
