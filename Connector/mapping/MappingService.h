#pragma once

#include "base/Reloadable.h"
#include "front/FrontSettings.h"
#include "mapping/AuditLog.h"
#include "mapping/DatabaseWriter.h"
#include "mapping/LastUseStorage.h"
#include "mapping/MappingStore.h"
#include "mapping/OpenMappings.h"
#include "mapping/StoreFollower.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace connector {

/// Opens, changes and closes mappings for those who ask for it: in the database and in this process, both or
/// neither. All functions may be called from any thread that is not an event loop's.
///
/// add(), remove() and change() wait for the database as long as DatabaseLimits say, and then throw
/// StorageStalled: either nothing was changed, or what is being written at that moment is completed (a
/// removal, a change) or undone (an added mapping) as soon as the disk answers.
class MappingService {
  public:
    /// environment, store, ports and logs must outlive the service. lastUseInterval: how often, at most, it
    /// is written when mappings were last in use. followed: of a database that is shared.
    MappingService(PipeEnvironment& environment, MappingStore& store, PortPool& ports,
                   const FrontSettings& front, const DatabaseLimits& database,
                   std::chrono::milliseconds lastUseInterval, LimitedLogs& logs,
                   std::optional<FollowedStores> followed);
    ~MappingService();

    /// Opens what is stored. Throws StorageError.
    void restore();

    /// Takes what restore() has opened into service.
    void serve();

    /// The configuration was read again, and the environment has it.
    void reload(const std::vector<std::uint16_t>& ports, const FrontSettings& front,
                const DatabaseLimits& database, std::chrono::milliseconds lastUseInterval);

    /// True from serve() on, until suspend() or stop().
    bool isReady() const { return _ready; }

    /// What is served at the moment.
    OpenMappings& open() { return _open; }
    const OpenMappings& open() const { return _open; }

    /// The same, and that mapping, if the database has it, although another Connector has only just opened
    /// it. Throws StorageUnreachable when that can't be known.
    OpenMappings& hearOf(const std::string& id);

    /// Opens a mapping; the service fills in its id, its passcodes, and the ports that are 0 in `wanted`, if
    /// it is to have ports. Returns when the row is committed and both ports listen; when it throws, nothing
    /// of the mapping remains. Throws UnfitSettings, PortTaken, NoFreePorts, NameTaken, StorageError (of all
    /// kinds), NotServing.
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
    /// UnfitSettings, PortTaken, NoFreePorts, NameTaken, StorageError (of all kinds), NotServing.
    MappingReport change(const std::string& id, const Edit& edit, const std::string& what,
                         const Caller& changedBy);

    /// OpenMappings::endConnection(), with a line in the log of who it was.
    void endConnection(const std::string& id, std::uint64_t number, const Caller& endedBy);

    /// Descriptors that pipes may have together, and how many of them are left.
    int descriptorCount() const;
    int freeDescriptorCount() const;

    /// What happens to mappings.
    EventFeed& events() const { return _environment.events(); }

    DatabaseState databaseState() const;
    const Durations& databaseCommits() const { return _writer.commits(); }

    /// What keeps other processes from what this one has on its disk; it stays the service's.
    int lockDescriptor() const;

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

    /// Closes all pipes, waits until their connections are closed, and has it written when each mapping was
    /// last in use; rows stay. False when the disk has not taken all until then: the store is still in use.
    bool stop(DatabaseWriter::Clock::time_point until);

  private:
    class Underway;
    using Lease = OpenMappings::Lease;

    template <class Attempt>
    auto again(const std::string& id, const DatabaseWriter::Patience& patience, Attempt&& attempt);
    Mapping addOnce(const Mapping& asked, const DatabaseWriter::Patience& patience);
    void removeOnce(const std::string& id, const DatabaseWriter::Patience& patience, const Caller& closedBy);
    MappingReport changeOnce(const std::string& id, const Edit& edit, const std::string& what,
                             const DatabaseWriter::Patience& patience, const Caller& changedBy);
    static void refuseTaken(const Mapping& asked, const Mapping& former, const StoragePortTaken& taken);
    void undo(const Mapping& mapping, std::shared_ptr<Lease> lease);
    void close(const Mapping& mapping, const Caller& closedBy);
    MappingReport apply(const Mapping& wanted, Lease& lease, const std::string& what,
                        const Caller& changedBy);
    void goOnLate(const std::function<void()>& step);
    void check(const Mapping& former, const Mapping& wanted) const;
    void checkFront(const Mapping& former, const Mapping& wanted) const;
    void refuseUnlessServing() const;

    PipeEnvironment& _environment;
    MappingStore& _store;
    Reloadable<FrontSettings> _front;
    OpenMappings _open;
    std::optional<StoreFollower> _follower; ///< of a database that is shared
    std::atomic<std::chrono::milliseconds> _hearing;
    std::mutex _mutex; ///< of what follows
    std::atomic<bool> _ready{false};
    bool _stopping = false;
    bool _isHandedOver = false; ///< another process has the database
    /// Of goOnLate(), when the service was suspended: for resume().
    std::vector<std::function<void()>> _late;
    int _underway = 0;              ///< calls of add(), remove() and change() that are not over
    std::condition_variable _ended; ///< one of them is over
    AuditLog _audit;
    LastUseStorage _lastUse;
    DatabaseWriter _writer; ///< last: what it does to the end is done to all of the above
};

} // namespace connector
