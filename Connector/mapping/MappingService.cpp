#include "mapping/MappingService.h"

#include "base/Timestamp.h"
#include "base/Uuid.h"

#include <Poco/Format.h>
#include <Poco/Logger.h>
#include <Poco/String.h>

#include <set>
#include <thread>
#include <utility>

namespace connector {

namespace {

/// How soon a change is made again that another Connector was faster than.
constexpr std::chrono::milliseconds kAgain{10};

Poco::Logger& log() {
    return Poco::Logger::get("mapping");
}

/// Nothing for those that every mapping has unless it is asked for others.
std::string inWords(const VisitorSettings& visitors) {
    if (!visitors.tls) return ", visitors without TLS";
    if (visitors.alpn.empty()) return "";
    return ", ALPN " + Poco::cat(std::string(" "), visitors.alpn.begin(), visitors.alpn.end());
}

/// After a try to commit it.
bool mayBeWritten(const std::exception_ptr& failure) {
    if (!failure) return true;
    try {
        std::rethrow_exception(failure);
    } catch (const StorageUncertain&) {
        return true;
    } catch (...) {
        return false;
    }
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
                               const FrontSettings& front, const DatabaseLimits& database,
                               std::chrono::milliseconds lastUseInterval, LimitedLogs& logs,
                               std::optional<FollowedStores> followed)
    : _environment(environment), _store(store), _front(front), _open(environment, ports, front),
      _hearing(database.grace), _audit(logs), _lastUse(_open, _writer, lastUseInterval),
      _writer(store, database) {
    if (followed) _follower.emplace(std::move(*followed), _open, database.compare);
}

MappingService::~MappingService() {
    stop(DatabaseWriter::Clock::now());
}

void MappingService::restore() {
    if (_follower) return _open.restore(_follower->load());
    auto rows = _store.load();
    _open.restore({.mappings = std::move(rows.mappings),
                   .damaged = std::move(rows.damaged),
                   .releasedPorts = _store.releasedPorts()});
}

void MappingService::serve() {
    _open.serve();
    _writer.start();
    _ready = true;
    _lastUse.start();
    if (_follower) _follower->start();
}

void MappingService::reload(const std::vector<std::uint16_t>& ports, const FrontSettings& front,
                            const DatabaseLimits& database, std::chrono::milliseconds lastUseInterval) {
    _front.replace(front);
    _store.limitBusy(database.busy);
    _writer.limit(database);
    _hearing = database.grace;
    if (_follower) _follower->change(database.compare, database.busy);
    _lastUse.changeInterval(lastUseInterval);
    _open.reload(ports);
}

/// What another Connector with the same database does at the same time has an attempt fail: it is made again,
/// with what is in the database by then, until patience is over.
template <class Attempt>
auto MappingService::again(const std::string& id, const DatabaseWriter::Patience& patience,
                           Attempt&& attempt) {
    std::set<std::string> asked;
    for (;;) {
        try {
            return attempt();
        } catch (const StoragePortTaken&) {
            if (DatabaseWriter::Clock::now() >= patience.until())
                throw NoFreePorts("all ports that were tried are taken in the server's database");
        } catch (const NameTaken& taken) {
            if (!_follower || !asked.insert(taken.owner()).second) throw;
            _follower->hear(taken.owner(), patience.until()); // it may not have the name any more
        } catch (const StorageNameTaken&) {
            if (!_follower || DatabaseWriter::Clock::now() >= patience.until())
                throw NameTaken("name: it is taken by a mapping that another Connector has opened", "");
            std::this_thread::sleep_for(kAgain); // until it is known here which one that is
        } catch (const StorageOutdated&) {
            if (!_follower || DatabaseWriter::Clock::now() >= patience.until()) throw;
            _follower->hear(id, patience.until());
            std::this_thread::sleep_for(kAgain); // what is there may be a row that nobody can match
        }
    }
}

Mapping MappingService::add(Mapping wanted, const Caller& openedBy) {
    wanted.id = randomUuid();
    wanted.endpoint1.passcode = randomUuid();
    wanted.endpoint2.passcode = wanted.type == Mapping::Type::Private ? randomUuid() : "";
    wanted.created = timestampNow();
    check(Mapping(), wanted);

    const Underway underway(*this);
    const DatabaseWriter::Patience patience(_writer);
    const auto mapping = again(wanted.id, patience, [&] { return addOnce(wanted, patience); });
    LogLine line("mapping " + mapping.id + " opened by " + openedBy.inWords() + ": " + inWords(mapping) +
                 inWords(mapping.visitors));
    if (mapping.hasPorts) line.with("port1", mapping.endpoint1.port).with("port2", mapping.endpoint2.port);
    _audit.write(openedBy, "add", mapping, line);
    return mapping;
}

Mapping MappingService::addOnce(const Mapping& asked, const DatabaseWriter::Patience& patience) {
    auto wanted = asked;
    const auto lease = std::make_shared<Lease>(_open, Mapping(), wanted);
    try {
        _writer.write(
            patience, [wanted](MappingStore& store) { store.insert(wanted); },
            {"no mapping was opened, and what is written of one is removed again", // nobody has its passcodes
             [this, wanted, lease](const std::exception_ptr& failure) {
                 if (mayBeWritten(failure)) undo(wanted, lease);
             }});
    } catch (const StoragePortTaken& taken) {
        refuseTaken(asked, Mapping(), taken);
        throw;
    } catch (const StorageUncertain&) {
        undo(wanted, lease);
        throw;
    }
    _open.open(wanted, *lease);
    return wanted;
}

/// Throws PortTaken when it is a port that was asked for, and that the former mapping has not.
void MappingService::refuseTaken(const Mapping& asked, const Mapping& former, const StoragePortTaken& taken) {
    const auto refuse = [&taken](const char* key, std::uint16_t port, std::uint16_t formerPort) {
        if (port != 0 && port != formerPort && (taken.port() == 0 || taken.port() == port))
            throw PortTaken(Poco::format("%s: %hu is taken by a mapping that another Connector has opened",
                                         std::string(key), port));
    };
    refuse("port1", asked.endpoint1.port, former.endpoint1.port);
    refuse("port2", asked.endpoint2.port, former.endpoint2.port);
}

/// Of a mapping that may have been committed although its caller was told that it isn't. Its ports and its
/// name are kept until its row is gone.
void MappingService::undo(const Mapping& mapping, std::shared_ptr<Lease> lease) {
    log().warning("mapping %s, which was not opened, may have been written; it is removed again", mapping.id);
    _writer.writeSurely([mapping](MappingStore& store) { store.removeIfThere(mapping); },
                        [lease = std::move(lease)](const std::exception_ptr&) {});
}

void MappingService::remove(const std::string& id, const Caller& closedBy) {
    const Underway underway(*this);
    const DatabaseWriter::Patience patience(_writer);
    hearOf(id);
    again(id, patience, [&] { removeOnce(id, patience, closedBy); });
}

void MappingService::removeOnce(const std::string& id, const DatabaseWriter::Patience& patience,
                                const Caller& closedBy) {
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
    hearOf(id);
    return again(id, patience, [&] { return changeOnce(id, edit, what, patience, changedBy); });
}

MappingReport MappingService::changeOnce(const std::string& id, const Edit& edit, const std::string& what,
                                         const DatabaseWriter::Patience& patience, const Caller& changedBy) {
    const auto claim = std::make_shared<OpenMappings::Claim>(_open, id, patience.until());
    if (claim->isDamaged())
        throw UnknownMapping("mapping " + id + " is damaged in the database; it can only be removed");
    const auto former = claim->mapping();
    auto wanted = former;
    edit(wanted);
    check(former, wanted);
    const auto asked = wanted;
    const auto lease = std::make_shared<Lease>(_open, former, wanted);
    try {
        _writer.write(patience, [former, wanted](MappingStore& store) { store.replace(former, wanted); },
                      {"the mapping is changed as soon as it does",
                       [this, claim, wanted, lease, what, changedBy](const std::exception_ptr& failure) {
                           if (!failure)
                               goOnLate([this, claim, wanted, lease, what, changedBy] {
                                   apply(wanted, *lease, what, changedBy);
                               });
                       }});
    } catch (const StoragePortTaken& taken) {
        refuseTaken(asked, former, taken);
        throw;
    }
    return apply(wanted, *lease, what, changedBy);
}

/// What is committed.
MappingReport MappingService::apply(const Mapping& wanted, Lease& lease, const std::string& what,
                                    const Caller& changedBy) {
    auto report = _open.change(wanted, lease);
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

OpenMappings& MappingService::hearOf(const std::string& id) {
    if (_follower && !_open.knows(id)) _follower->hear(id, DatabaseWriter::Clock::now() + _hearing.load());
    return _open;
}

void MappingService::endConnection(const std::string& id, std::uint64_t number, const Caller& endedBy) {
    const auto [mapping, ended] = hearOf(id).endConnection(id, number, endedBy.inWords());
    const std::string kind = ended.kind == ConnectionReport::Kind::Agent ? "agent" : "visitor";
    LogLine line(Poco::format("mapping %s: %s %s, connection %Lu, was ended by %s", id, kind, ended.address,
                              number, endedBy.inWords()));
    _audit.write(endedBy, "disconnect", mapping,
                 line.with("connection", number).with(kind.c_str(), ended.address));
}

DatabaseState MappingService::databaseState() const {
    const auto state = _writer.state();
    const bool isMissed = state == DatabaseState::Ok && _follower && !_follower->isConnected();
    return isMissed ? DatabaseState::Unreachable : state;
}

int MappingService::descriptorCount() const {
    return _environment.descriptors();
}

int MappingService::freeDescriptorCount() const {
    return _environment.freeDescriptors();
}

int MappingService::lockDescriptor() const {
    return _follower ? _follower->lockDescriptor() : _store.lockDescriptor();
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
    if (_follower && !_follower->stop(until)) return false;
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
    if (_follower) _follower->start();
    for (const auto& step : late)
        goOnLate(step);
}

void MappingService::drain() {
    {
        const std::lock_guard lock(_mutex);
        _isHandedOver = true;
    }
    _store.close(); // the writer rests: the other process alone keeps others out from now on
    if (_follower) _follower->closeStores();
    _open.drain();
}

bool MappingService::stop(DatabaseWriter::Clock::time_point until) {
    refuse(DatabaseWriter::Clock::now());
    if (_follower) _follower->interrupt();
    {
        std::unique_lock lock(_mutex);
        _ended.wait(lock, [this] { return _underway == 0; });
    }
    _lastUse.stop();
    const bool isFollowed = _follower && !_follower->stop(until);
    if (!_isHandedOver) _lastUse.storeAll();
    _open.closeAll();
    const bool isWritten = _writer.stop(until);
    std::vector<std::function<void()>> late; // with claims, which must not outlive what they are on
    const std::lock_guard lock(_mutex);
    late.swap(_late);
    return isWritten && !isFollowed;
}

/// What doesn't depend on other mappings.
void MappingService::check(const Mapping& former, const Mapping& wanted) const {
    checkFront(former, wanted);
    const auto& visitors = wanted.visitors;
    if (!visitors.tls && !_environment.allowsPlainVisitors())
        throw UnfitSettings("visitortls: false is not allowed here; it must be true, unless "
                            "pipes.allow-plain-visitors is true in the server's configuration");
    if (!visitors.tls && !wanted.hasPorts)
        throw UnfitSettings(
            "visitortls: false is about port2, and the mapping has no ports of its own; it must be "
            "true, as visitors by name come with TLS");
    if (!visitors.tls && !visitors.alpn.empty())
        throw UnfitSettings(
            "alpn: it is selected in the visitors' TLS handshake, which \"visitortls\": false "
            "leaves out; it must be empty, or visitortls true");
    const auto port = wanted.endpoint1.port;
    if (port != 0 && port == wanted.endpoint2.port)
        throw UnfitSettings("port2: it must be another one than port1");
}

/// What a mapping has without a front, as it was opened when there was one, it may keep.
void MappingService::checkFront(const Mapping& former, const Mapping& wanted) const {
    const auto missing = [&](const std::string& key) {
        return key + " is not set in the server's configuration";
    };
    if (former.hasPorts && !wanted.hasPorts && !_front->leadsTo(wanted.type))
        throw UnfitSettings("ports: false is for mappings that are reached by the front alone, and " +
                            missing(_front->port == 0 ? "front.port" : "front.domain"));
    if (wanted.name.empty() || wanted.name == former.name) return;
    if (!_front->leadsTo(wanted.type))
        throw UnfitSettings("name: nobody could come by it, as " +
                            missing(_front->port == 0 ? "front.port" : "front.domain"));
    const auto& reserved = _front->reserved;
    if (_front->isReserved(wanted.name))
        throw UnfitSettings("name: " + wanted.name + " is reserved; it must be none of " +
                            Poco::cat(std::string(", "), reserved.begin(), reserved.end()));
}

void MappingService::refuseUnlessServing() const {
    if (_stopping) throw NotServing("the connector is shutting down");
    if (!_ready) throw NotServing("the mappings are still being restored; try again in a moment");
}

} // namespace connector
