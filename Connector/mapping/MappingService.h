#pragma once

#include "mapping/AuditLog.h"
#include "mapping/DatabaseWriter.h"
#include "mapping/MappingError.h"
#include "mapping/MappingPorts.h"
#include "mapping/MappingStore.h"
#include "model/Mapping.h"
#include "pipe/PipeFactory.h"
#include "pipe/PipeStatus.h"

#include <Poco/Timer.h>

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace connector {

/// A mapping and what its pipe is doing at the moment.
struct MappingReport {
    Mapping
        mapping; ///< with lastUse as it is at the moment, and logRelays and all of its traffic limits given
    PipeStatus status;
};

/// What all pipes are doing together at the moment.
struct MappingTotals {
    std::size_t mappings = 0;
    /// Mappings of which some port is held by something else.
    std::size_t degraded = 0;
    /// Rows of the database that are not served, as they are not as they were written.
    std::size_t damaged = 0;
    /// Authorized agents that wait for a partner.
    std::int64_t agentsWaiting = 0;
    std::int64_t visitorsWaiting = 0;
    /// Visitors that were not served since the process started.
    std::uint64_t visitorsRefused = 0;
    std::int64_t relays = 0;
    /// Payload bytes that the mappings have relayed since the process started. One that is removed takes its
    /// bytes along.
    std::uint64_t bytesRelayed = 0;
};

/// Keeps the set of mappings: each one is a row in the store, two ports of the pool and a pipe, all three or
/// none. All functions may be called from any thread that is not an event loop's; one lock orders them, which
/// nobody keeps who waits for the disk.
///
/// add(), remove() and change() wait for the database as long as DatabaseLimits say, and then throw
/// StorageStalled: either nothing was changed, or what is being written at that moment is completed (a
/// removal, a change) or undone (an added mapping) as soon as the disk answers.
class MappingService {
  public:
    /// environment, store, ports and logs must outlive the service. lastUseInterval: how often, at most, it
    /// is written when mappings were last in use.
    MappingService(PipeEnvironment& environment, MappingStore& store, PortPool& ports,
                   const DatabaseLimits& database, std::chrono::milliseconds lastUseInterval,
                   LimitedLogs& logs);
    ~MappingService();

    /// Opens a pipe, and its ports, for each stored mapping. One whose port something else holds is degraded
    /// until it can listen. Throws StorageError.
    void restore();

    /// Takes what restore() has opened into service.
    void serve();

    /// The configuration was read again, and the environment has it: all pipes work by it when this returns.
    /// ports: those that mappings may be given from now on; those that mappings have stay theirs.
    void reload(const std::vector<std::uint16_t>& ports, const DatabaseLimits& database,
                std::chrono::milliseconds lastUseInterval);

    /// True from serve() on, until suspend() or stop().
    bool isReady() const { return _ready; }

    /// Opens a mapping; the service fills in its id, its passcodes, and the ports that are 0 in `wanted`.
    /// Returns when the row is committed and both ports listen; when it throws, nothing of the mapping
    /// remains. Throws UnfitSettings, PortTaken, NoFreePorts,
    /// StorageError (of all kinds), NotServing.
    Mapping add(Mapping wanted, const Caller& openedBy);

    /// Closes a mapping; it serves until its row is gone. Returns when its row is gone, its ports are closed
    /// and its connections are closed. Throws UnknownMapping, StorageError (of all kinds), NotServing.
    void remove(const std::string& id, const Caller& closedBy);

    static constexpr const char* kNewPasscode = "a new passcode";

    /// What changes a mapping; it may throw, and then nothing is changed.
    using Edit = std::function<void(Mapping& mapping)>;

    /// Changes a mapping that is open. Returns when the change is committed and in force, for those who come
    /// from then on; whoever is there already goes on, within the new bounds of traffic. what: what is
    /// changed, for the log: its JSON, or kNewPasscode. Throws what edit() throws, UnknownMapping,
    /// UnfitSettings, PortTaken, NoFreePorts, StorageError (of all kinds), NotServing.
    MappingReport change(const std::string& id, const Edit& edit, const std::string& what,
                         const Caller& changedBy);

    /// Throws UnknownMapping.
    MappingReport show(const std::string& id) const;

    /// Its agents and visitors at the moment. Throws UnknownMapping, and LoopsBusy when an event loop does
    /// not answer for limits.loop-wait.
    ConnectionReports connections(const std::string& id) const;

    /// Ends one of them: a relay's connections are both reset. Throws UnknownMapping, UnknownConnection, and
    /// LoopsBusy, after which it may still be ended.
    void endConnection(const std::string& id, std::uint64_t number, const Caller& endedBy);

    /// At most `limit` mappings with ids greater than `after`, ordered by id.
    std::vector<MappingReport> list(const std::string& after, std::size_t limit) const;

    MappingTotals totals() const;
    std::size_t freePortCount() const;
    /// Descriptors that pipes may have together, and how many of them are left.
    int descriptorCount() const;
    int freeDescriptorCount() const;

    /// What happens to mappings.
    EventFeed& events() const { return _environment.events(); }

    DatabaseState databaseState() const { return _writer.state(); }
    const Durations& databaseCommits() const { return _writer.commits(); }

    /// Later calls throw NotServing. Those that wait for the database do so until then at the most.
    void refuse(DatabaseWriter::Clock::time_point patience);

    /// Leaves the database to another process: nothing is changed any more, and all that was is written,
    /// while pipes go on as they are. patience: as refuse(). False when the disk has not taken all until
    /// then; resume() must follow.
    bool suspend(DatabaseWriter::Clock::time_point patience, DatabaseWriter::Clock::time_point until);

    /// After suspend(): changes are taken again.
    void resume();

    /// After suspend(), when another process serves the same mappings: see Pipe::drain().
    void drain();

    /// After drain(): closes what is left of a mapping; nothing when there is none with this id.
    void closeDrained(const std::string& id);

    /// Is told the id of each mapping that is removed from now on, on the thread that removes it.
    using OnRemoved = std::function<void(const std::string& id)>;
    void onRemoved(OnRemoved function);

    /// Whether all pipes are drained.
    bool isDrained() const;

    /// Closes all pipes, waits until their connections are closed, and has it written when each mapping was
    /// last in use; rows stay. False when the disk has not taken all until then: the store is still in use.
    bool stop(DatabaseWriter::Clock::time_point until);

  private:
    class Underway;
    class Claim;
    class PortLease;
    struct Open {
        Mapping mapping;
        std::unique_ptr<Pipe> pipe;
        LastUse storedUse; ///< what the database has
    };
    /// A pipe that is not in service yet.
    struct Restored {
        Pipe* pipe;
        std::array<Pipe::Listeners, 2> listeners;
    };
    enum class All { No, Yes };
    using OpenMappings = std::map<std::string, Open>;

    ConnectionReports await(std::future<ConnectionReports> answer) const;
    MappingReport reportOf(const Open& open) const;
    std::string ownerOfPort(std::uint16_t port) const;
    void tellUnserved(const Mapping& mapping) const;
    void tellWhoIsServed(bool didAllowPlain) const;
    void undo(const Mapping& mapping, std::shared_ptr<PortLease> ports);
    void close(const Mapping& mapping, const Caller& closedBy);
    MappingReport apply(const Mapping& former, const Mapping& wanted, PortLease& ports,
                        const std::string& what, const Caller& changedBy);
    void goOnLate(const std::function<void()>& step);
    void closePipes();
    template <class Mappings>
    static auto find(Mappings& mappings, const std::string& id);
    bool mayServe(const VisitorSettings& visitors) const;
    void check(const Mapping& wanted) const;
    void startLastUseTimer();
    void onLastUseTimer(Poco::Timer& timer);
    void storeLastUse(All all);
    void onLastUseStored(const std::vector<LastUseRecord>& records, const std::exception_ptr& failure);
    std::vector<LastUseRecord> lastUseToStore(All all);
    void refuseUnlessServing() const;

    PipeEnvironment& _environment;
    const PipeFactory _factory;
    MappingStore& _store;
    MappingPorts _ports;
    mutable std::mutex _mutex;
    OpenMappings _open;
    std::vector<Restored> _restored;         ///< until serve()
    std::map<std::string, Mapping> _damaged; ///< by their ids; see MappingStore::loadDamaged()
    std::atomic<bool> _ready{false};
    bool _stopping = false;
    bool _isHandedOver = false; ///< another process has the database
    OnRemoved _onRemoved;       ///< or none
    /// Of goOnLate(), when the service was suspended: for resume().
    std::vector<std::function<void()>> _late;
    int _underway = 0;              ///< calls of add(), remove() and change() that are not over
    std::set<std::string> _claimed; ///< ids of the mappings that such a call removes or changes
    std::condition_variable _ended; ///< one of them is over
    std::chrono::milliseconds _lastUseInterval;
    Poco::Timer _lastUseTimer;      ///< in a thread of its own
    bool _didAllowPlain;            ///< when the configuration was read last
    bool _lastUseFailed = false;    ///< the last time that it was written
    bool _isStoringLastUse = false; ///< until the disk has answered
    AuditLog _audit;
    DatabaseWriter _writer; ///< last: what it does to the end is done to all of the above
};

} // namespace connector
