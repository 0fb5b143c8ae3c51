#include "mapping/MappingService.h"

#include "base/Uuid.h"

#include <Poco/Exception.h>
#include <Poco/Format.h>
#include <Poco/Logger.h>
#include <Poco/Net/NetException.h>

#include <cassert>

namespace connector {

namespace {

Poco::Logger& log() {
    return Poco::Logger::get("mapping");
}

std::string nameOf(Mapping::Type type) {
    return type == Mapping::Type::Public ? "public" : "private";
}

} // namespace

/// An add() or remove() that leaves the lock for a while; made and destroyed with the lock held.
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

MappingService::MappingService(PipeEnvironment& environment, MappingStore& store, PortPool& ports)
    : _environment(environment), _store(store), _commits(store), _ports(ports) {}

MappingService::~MappingService() {
    stop();
}

void MappingService::restore() {
    const std::lock_guard lock(_mutex);
    _ports.moveToBack(_store.releasedPorts());
    for (const auto& mapping : _store.load()) {
        _ports.remove(mapping.endpoint1.port);
        _ports.remove(mapping.endpoint2.port);
        auto pipe = Pipe::make(_environment, mapping);
        pipe->start({listenAgain(mapping, mapping.endpoint1), listenAgain(mapping, mapping.endpoint2)});
        _pipes.emplace(mapping.id, std::move(pipe));
    }
    _ready = true;
    log().information("%z mappings restored, %z ports free", _pipes.size(), _ports.freeCount());
}

Mapping MappingService::add(Mapping wanted, const std::string& openedBy) {
    wanted.id = randomUuid();
    wanted.endpoint1.passcode = randomUuid();
    wanted.endpoint2.passcode = wanted.type == Mapping::Type::Private ? randomUuid() : "";

    std::unique_lock lock(_mutex);
    refuseUnlessServing();
    const Underway underway(*this, lock);
    std::array<Pipe::Listeners, 2> listeners;
    try {
        listeners[0] = listenOnFreePort(wanted.endpoint1.port);
        listeners[1] = listenOnFreePort(wanted.endpoint2.port);
        commit(wanted, lock);
    } catch (...) {
        giveBackPorts(wanted);
        throw;
    }
    auto pipe = Pipe::make(_environment, wanted);
    pipe->start(std::move(listeners));
    _pipes.emplace(wanted.id, std::move(pipe));
    log().information(Poco::format("mapping %s opened by %s: %s, ports %hu and %hu", wanted.id, openedBy,
                                   nameOf(wanted.type), wanted.endpoint1.port, wanted.endpoint2.port));
    return wanted;
}

void MappingService::remove(const std::string& id, const std::string& closedBy) {
    std::unique_lock lock(_mutex);
    refuseUnlessServing();
    const auto found = _pipes.find(id);
    if (found == _pipes.end()) throw UnknownMapping("no mapping has the id " + id);
    const Underway underway(*this, lock);
    _commits.remove(found->second->mapping());
    auto pipe = std::move(found->second);
    _pipes.erase(found);
    lock.unlock();
    pipe->close().get();
    lock.lock();
    giveBackPorts(pipe->mapping());
    pipe.reset();
    log().information("mapping %s closed by %s", id, closedBy);
}

MappingReport MappingService::show(const std::string& id) const {
    const std::lock_guard lock(_mutex);
    const auto found = _pipes.find(id);
    if (found == _pipes.end()) throw UnknownMapping("no mapping has the id " + id);
    return {found->second->mapping(), found->second->status()};
}

std::vector<MappingReport> MappingService::list(const std::string& after, std::size_t limit) const {
    const std::lock_guard lock(_mutex);
    std::vector<MappingReport> reports;
    for (auto it = _pipes.upper_bound(after); it != _pipes.end() && reports.size() < limit; ++it)
        reports.push_back({it->second->mapping(), it->second->status()});
    return reports;
}

MappingTotals MappingService::totals() const {
    const std::lock_guard lock(_mutex);
    MappingTotals totals;
    totals.mappings = _pipes.size();
    for (const auto& [id, pipe] : _pipes) {
        const auto status = pipe->status();
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
    std::vector<std::future<void>> closing;
    for (auto& [id, pipe] : _pipes)
        closing.push_back(pipe->close());
    for (auto& closed : closing)
        closed.wait();
    _pipes.clear();
}

/// Without the lock, so that others can prepare theirs meanwhile.
void MappingService::commit(const Mapping& mapping, std::unique_lock<std::mutex>& lock) {
    lock.unlock();
    try {
        _commits.insert(mapping);
    } catch (...) {
        lock.lock();
        throw;
    }
    lock.lock();
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

void MappingService::refuseUnlessServing() const {
    if (_stopping) throw NotServing("the connector is shutting down");
    if (!_ready) throw NotServing("the mappings are still being restored; try again in a moment");
}

} // namespace connector
