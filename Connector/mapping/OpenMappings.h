#pragma once

#include "front/FrontSettings.h"
#include "front/PipeDirectory.h"
#include "mapping/DatabaseWriter.h"
#include "mapping/LastUseRecord.h"
#include "mapping/MappingError.h"
#include "mapping/MappingNames.h"
#include "mapping/MappingPorts.h"
#include "mapping/MappingStore.h"
#include "model/Mapping.h"
#include "pipe/LazyPipe.h"
#include "pipe/PipeFactory.h"
#include "pipe/PipeStatus.h"

#include <array>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
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
    /// Mappings that nobody can reach, or not all who want to (PipeStatus::degraded).
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

/// What a database has. A value.
struct StoredMappings {
    std::vector<Mapping> mappings;
    std::vector<Mapping> damaged;             ///< see MappingStore::Rows
    std::vector<std::uint16_t> releasedPorts; ///< the one given back first in front
};

/// The mappings that this process serves: each has two ports of the pool, if it has any, its name and a pipe,
/// all or nothing. Knows nothing of the database. All functions may be called from any thread that is not an
/// event loop's; one lock orders them, which nobody keeps who waits for anything but a loop.
class OpenMappings {
  public:
    /// environment and pool must outlive it. front: its port and its domain never change.
    OpenMappings(PipeEnvironment& environment, PortPool& pool, const FrontSettings& front);

    /// Opens a pipe, and its ports, for each of them. One whose port something else holds is degraded until
    /// it can listen.
    void restore(const StoredMappings& stored);

    /// Where the front finds them.
    PipeDirectory& directory() { return _directory; }

    /// Takes what restore() has opened into service.
    void serve();

    /// The configuration was read again, and the environment has it: all pipes work by it when this returns.
    /// ports: those that mappings may be given from now on; those that mappings have stay theirs.
    void reload(const std::vector<std::uint16_t>& ports);

    class Claim;
    class Lease;

    /// Serves a mapping that is new, with what its lease has.
    void open(const Mapping& mapping, Lease& lease);

    /// Stops serving one that is claimed. Returns when its ports and its connections are closed.
    void close(const Mapping& mapping);

    /// One that is claimed is like this from now on; returns when that is in force.
    MappingReport change(const Mapping& wanted, Lease& lease);

    /// The row that each of these has in the database; for some or all there may be none.
    using ReadRows = std::function<MappingStore::Rows(const std::set<std::string>& ids)>;

    /// Has these mappings be served as `read` says that they are in the database by now: opened, changed,
    /// closed or left alone. What is open, and damaged there, stays as it is. Returns those
    /// that are claimed, or whose ports or name are leased: that is to be tried again. Throws what read()
    /// throws.
    std::set<std::string> follow(const std::set<std::string>& ids, const ReadRows& read);

    /// What tells the rows of all that are served from others, ordered by id.
    std::vector<MappingStore::RowMark> marks() const;

    /// Later claims throw NotServing, and those that are waited for, too; until they are allowed again.
    void allowClaims(bool areAllowed);

    /// Whether it is served, or damaged.
    bool knows(const std::string& id) const;

    /// Throws UnknownMapping.
    MappingReport show(const std::string& id) const;

    /// The one of that name; nothing when none has it.
    std::optional<MappingReport> findNamed(const std::string& name) const;

    /// Its agents and visitors at the moment. Throws UnknownMapping, and LoopsBusy when an event loop does
    /// not answer for limits.loop-wait.
    ConnectionReports connections(const std::string& id) const;

    /// A connection that was ended, and whose it was.
    struct Ended {
        Mapping mapping;
        ConnectionReport connection;
    };

    /// Ends one of them: a relay's connections are both reset. by: who has it ended, in words. Throws
    /// UnknownMapping, UnknownConnection, and LoopsBusy, after which it may still be ended.
    Ended endConnection(const std::string& id, std::uint64_t number, const std::string& by);

    /// At most `limit` mappings with ids greater than `after`, ordered by id.
    std::vector<MappingReport> list(const std::string& after, std::size_t limit) const;

    /// Is told of one mapping: how it was asked for, what it is doing, and when it was last in use.
    using Look =
        std::function<void(const Mapping& mapping, const PipeStatus& status, const LastUse& lastUse)>;

    /// Calls the function for all of them, ordered by id; it must not call this object. One that is opened or
    /// closed meanwhile is told of, or not.
    void forEach(const Look& look) const;

    MappingTotals totals() const;
    std::size_t freePortCount() const;

    /// When those that have been in use since it was stored were last in use.
    std::vector<LastUseRecord> lastUseToStore(bool isEnd) const;
    void onLastUseStored(const std::vector<LastUseRecord>& records);

    /// Another process serves the same mappings: see Pipe::drain().
    void drain();

    /// After drain(): closes what is left of a mapping; nothing when there is none with this id.
    void closeDrained(const std::string& id);

    /// Whether all pipes are drained.
    bool isDrained() const;

    /// Is told the id of each mapping that is closed from now on, on the thread that closes it.
    using OnClosed = std::function<void(const std::string& id)>;
    void onClosed(OnClosed function);

    /// Closes all, for good.
    void closeAll();

  private:
    struct Open {
        Open(const PipeFactory& factory, const Mapping& mapping)
            : pipe(factory, mapping), storedUse(mapping.lastUse) {}

        const Mapping& mapping() const { return pipe.mapping(); } ///< with the lock

        LazyPipe pipe;
        LastUse storedUse; ///< what the database has
    };
    /// A pipe that is not in service yet.
    struct Restored {
        LazyPipe* pipe;
        std::array<Pipe::Listeners, 2> listeners;
    };

    using Opened = std::map<std::string, Open>;
    class Hold;

    void keepWhatIsLeased(const Mapping& mapping, Lease& lease);
    void giveBack(const Mapping& mapping, const Mapping& keeper);
    LazyPipe& add(const Mapping& mapping);
    Opened::node_type take(const std::string& id);
    void serveNew(const Mapping& mapping, std::array<Pipe::Listeners, 2> listeners);
    MappingReport serveChanged(std::unique_lock<std::mutex>& lock, const Mapping& wanted,
                               std::array<Pipe::Listeners, 2> listeners);
    bool followRow(const Mapping& row);
    void followDamage(const Mapping& row);
    void keepDamaged(const Mapping& mapping);
    void followRemoval(const std::string& id);
    template <class Function>
    void forEachOpen(Function&& function) const;
    template <class Mappings>
    static auto find(Mappings& mappings, const std::string& id);
    ConnectionReports await(std::future<ConnectionReports> answer) const;
    void refuseTakenName(const std::string& name) const;
    PipeStatus statusOf(const Open& open) const;
    MappingReport reportOf(const Open& open) const;
    bool lacksFront(const Mapping& mapping) const;
    bool mayServe(const Mapping& mapping) const;
    void tellUnreachable() const;
    void tellUnserved(const Mapping& mapping) const;
    void tellWhoIsServed(bool didAllowPlain) const;

    PipeEnvironment& _environment;
    const PipeFactory _factory;
    const FrontSettings _front;
    MappingPorts _ports;
    MappingNames _names;
    PipeDirectory _directory;
    mutable std::mutex _mutex;
    Opened _open;
    std::vector<Restored> _restored;         ///< until serve()
    std::map<std::string, Mapping> _damaged; ///< by their ids
    OnClosed _onClosed;                      ///< or none
    std::multiset<std::string> _claimed;     ///< ids of mappings, for each claim and each lease
    bool _areClaimsAllowed = true;
    std::condition_variable _unclaimed; ///< one of them, or all are refused
    bool _didAllowPlain;                ///< when the configuration was read last
};

/// The sole right to change or close one mapping: others who want it wait. Made and destroyed without the
/// lock, by a caller or, when that has gone, with the outcome of what it wanted.
class OpenMappings::Claim {
  public:
    /// Throws UnknownMapping, StorageStalled when another claim lasts until then, NotServing.
    Claim(OpenMappings& mappings, const std::string& id, DatabaseWriter::Clock::time_point until);
    ~Claim();
    Claim(const Claim&) = delete;
    Claim& operator=(const Claim&) = delete;

    /// As it was when the claim was made; nobody else changes it.
    const Mapping& mapping() const { return _mapping; }
    /// Only its id, its name and its ports are known.
    bool isDamaged() const { return _isDamaged; }

  private:
    OpenMappings& _mappings;
    const std::string _id;
    Mapping _mapping;
    bool _isDamaged = false;
};

/// Ports and a name on their way to a mapping. They go back with it, unless the mapping has got them. Made
/// and destroyed without the lock.
class OpenMappings::Lease {
  public:
    /// What a mapping is to have that it had not before: the ports are listened on, and those that are 0 in
    /// `wanted` are chosen. Throws UnfitSettings, PortTaken, NoFreePorts, NameTaken.
    Lease(OpenMappings& mappings, const Mapping& former, Mapping& wanted);
    ~Lease();
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;

  private:
    friend class OpenMappings;

    OpenMappings& _mappings;
    const Mapping _former;
    Mapping _wanted;
    std::array<Pipe::Listeners, 2> _listeners;
    bool _areKept = false;
};

/// Throws UnknownMapping when it is not there.
template <class Mappings>
auto OpenMappings::find(Mappings& mappings, const std::string& id) {
    const auto found = mappings.find(id);
    if (found == mappings.end()) throw UnknownMapping("no mapping has the id " + id);
    return found;
}

} // namespace connector
