#include "mapping/MappingService.h"

#include "base/Timestamp.h"
#include "base/Uuid.h"

#include <Poco/Format.h>
#include <Poco/Logger.h>
#include <Poco/String.h>

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

MappingService::MappingService(PipeEnvironment& environment, MappingStore& store, PortPool& ports,
                               const DatabaseLimits& database, std::chrono::milliseconds lastUseInterval,
                               LimitedLogs& logs)
    : _environment(environment), _store(store), _open(environment, ports), _audit(logs),
      _lastUse(_open, _writer, lastUseInterval), _writer(store, database) {}

MappingService::~MappingService() {
    stop(DatabaseWriter::Clock::now());
}

void MappingService::restore() {
    _open.restore({.mappings = _store.load(),
                   .damaged = _store.loadDamaged(),
                   .releasedPorts = _store.releasedPorts()});
}

void MappingService::serve() {
    _open.serve();
    _writer.start();
    _ready = true;
    _lastUse.start();
}

void MappingService::reload(const std::vector<std::uint16_t>& ports, const DatabaseLimits& database,
                            std::chrono::milliseconds lastUseInterval) {
    _store.limitBusy(database.busy);
    _writer.limit(database);
    _lastUse.changeInterval(lastUseInterval);
    _open.reload(ports);
}

Mapping MappingService::add(Mapping wanted, const Caller& openedBy) {
    wanted.id = randomUuid();
    wanted.endpoint1.passcode = randomUuid();
    wanted.endpoint2.passcode = wanted.type == Mapping::Type::Private ? randomUuid() : "";
    wanted.created = timestampNow();
    check(wanted);

    const Underway underway(*this);
    const DatabaseWriter::Patience patience(_writer);
    const auto ports = std::make_shared<PortLease>(_open, Mapping(), wanted);
    _writer.write(
        patience, [wanted](MappingStore& store) { store.insert(wanted); },
        {"no mapping was opened, and what is written of one is removed again", // nobody has its passcodes
         [this, wanted, ports](const std::exception_ptr& failure) {
             if (!failure) undo(wanted, ports);
         }});

    _open.open(wanted, *ports);
    const auto line =
        Poco::format("mapping %s opened by %s: %s, ports %hu and %hu", wanted.id, openedBy.inWords(),
                     std::string(wanted.typeName()), wanted.endpoint1.port, wanted.endpoint2.port) +
        inWords(wanted.visitors);
    _audit.write(openedBy, "add", wanted,
                 LogLine(line).with("port1", wanted.endpoint1.port).with("port2", wanted.endpoint2.port));
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
    const auto claim = std::make_shared<OpenMappings::Claim>(_open, id, patience.until());
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
    _open.close(mapping);
    _audit.write(closedBy, "remove", mapping, "mapping " + mapping.id + " closed by " + closedBy.inWords());
}

MappingReport MappingService::change(const std::string& id, const Edit& edit, const std::string& what,
                                     const Caller& changedBy) {
    const Underway underway(*this);
    const DatabaseWriter::Patience patience(_writer);
    const auto claim = std::make_shared<OpenMappings::Claim>(_open, id, patience.until());
    if (claim->isDamaged())
        throw UnknownMapping("mapping " + id + " is damaged in the database; it can only be removed");
    const auto former = claim->mapping();
    auto wanted = former;
    edit(wanted);
    check(wanted);
    const auto ports = std::make_shared<PortLease>(_open, former, wanted);
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
    auto report = _open.change(former, wanted, ports);
    LogLine line("mapping " + wanted.id + " changed by " + changedBy.inWords() + ": " + what);
    if (what == kNewPasscode)
        _audit.write(changedBy, "passcode", wanted, line);
    else
        _audit.write(changedBy, "change", wanted, line.with("change", what));
    return report;
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

void MappingService::endConnection(const std::string& id, std::uint64_t number, const Caller& endedBy) {
    const auto [mapping, ended] = _open.endConnection(id, number, endedBy.inWords());
    const std::string kind = ended.kind == ConnectionReport::Kind::Agent ? "agent" : "visitor";
    LogLine line(Poco::format("mapping %s: %s %s, connection %Lu, was ended by %s", id, kind, ended.address,
                              number, endedBy.inWords()));
    _audit.write(endedBy, "disconnect", mapping,
                 line.with("connection", number).with(kind.c_str(), ended.address));
}

int MappingService::descriptorCount() const {
    return _environment.descriptors();
}

int MappingService::freeDescriptorCount() const {
    return _environment.freeDescriptors();
}

void MappingService::refuse(DatabaseWriter::Clock::time_point patience) {
    _writer.hurry(patience);
    {
        const std::lock_guard lock(_mutex);
        _ready = false;
        _stopping = true;
    }
    _open.allowClaims(false);
}

bool MappingService::suspend(DatabaseWriter::Clock::time_point patience,
                             DatabaseWriter::Clock::time_point until) {
    refuse(patience);
    _lastUse.stop();
    {
        std::unique_lock lock(_mutex);
        if (!_ended.wait_until(lock, until, [this] { return _underway == 0; })) return false;
    }
    _lastUse.storeAll();
    return _writer.pause(until);
}

void MappingService::resume() {
    _writer.resume();
    std::vector<std::function<void()>> late;
    {
        const std::lock_guard lock(_mutex);
        _stopping = false;
        _ready = true;
        late.swap(_late);
    }
    _open.allowClaims(true);
    _lastUse.start();
    for (const auto& step : late)
        goOnLate(step);
}

void MappingService::drain() {
    {
        const std::lock_guard lock(_mutex);
        _isHandedOver = true;
    }
    _store.close(); // the writer rests: the other process alone keeps others out from now on
    _open.drain();
}

bool MappingService::stop(DatabaseWriter::Clock::time_point until) {
    refuse(DatabaseWriter::Clock::now());
    {
        std::unique_lock lock(_mutex);
        _ended.wait(lock, [this] { return _underway == 0; });
    }
    _lastUse.stop();
    if (!_isHandedOver) _lastUse.storeAll();
    _open.closeAll();
    const bool isWritten = _writer.stop(until);
    std::vector<std::function<void()>> late; // with claims, which must not outlive what they are on
    const std::lock_guard lock(_mutex);
    late.swap(_late);
    return isWritten;
}

/// What doesn't depend on other mappings.
void MappingService::check(const Mapping& wanted) const {
    const auto& visitors = wanted.visitors;
    if (!visitors.tls && !_environment.allowsPlainVisitors())
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

void MappingService::refuseUnlessServing() const {
    if (_stopping) throw NotServing("the connector is shutting down");
    if (!_ready) throw NotServing("the mappings are still being restored; try again in a moment");
}

} // namespace connector
