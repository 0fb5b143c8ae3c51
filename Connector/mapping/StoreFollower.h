#pragma once

#include "base/Descriptor.h"
#include "mapping/MappingCache.h"
#include "mapping/MappingStore.h"
#include "mapping/OpenMappings.h"

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace connector {

/// A shared database, on a connection of its own, and what was last known of it.
struct FollowedStores {
    MappingStore shared;
    MappingCache cache;
};

/// Has what all Connectors write into a shared database be served here: on a thread of its own it hears of
/// each change as it is committed, and compares all once in a while, as a notification may be lost with a
/// connection. While the database can't be reached, what is open stays so.
///
/// Functions may be called from any thread that is not an event loop's.
class StoreFollower {
  public:
    using Clock = DatabaseWriter::Clock;

    /// mappings must outlive it. compare: how often all is compared at the least.
    StoreFollower(FollowedStores stores, OpenMappings& mappings, std::chrono::milliseconds compare);

    /// Waits until the thread has ended.
    ~StoreFollower();

    StoreFollower(const StoreFollower&) = delete;
    StoreFollower& operator=(const StoreFollower&) = delete;

    /// Before start(): what the database has or, when it can't be reached, what the cache has. Throws
    /// StorageError when there is neither.
    StoredMappings load();

    void start();

    /// False when the thread has not ended until then, as the database server doesn't answer; start() has it
    /// go on.
    bool stop(Clock::time_point until);

    /// Before the last stop(): has what the thread waits for fail.
    void interrupt();

    /// What keeps other processes from the cache; it stays this object's.
    int lockDescriptor() const { return _stores.cache.lockDescriptor(); }

    /// After stop(), for good.
    void closeStores();

    /// The configuration was read again.
    void change(std::chrono::milliseconds compare, std::chrono::milliseconds busy);

    bool isConnected() const;

    /// Returns when what the database has under that id, or had when this was called, is served. Throws
    /// UnknownForNow when the database can't be asked until then.
    void hear(const std::string& id, Clock::time_point until);

  private:
    void run();
    void follow();
    void applyChanges(const std::vector<MappingStore::Change>& changes);
    void compareAll();
    void compareIfBehind();
    void apply(std::set<std::string> ids);
    void onDisconnected(const std::string& why);
    void onConnected();
    bool isStopping() const;
    /// With the lock.
    bool canAsk() const { return _isConnected && !_isStopping && !_hasEnded; }
    Clock::time_point nextComparison() const;

    FollowedStores _stores;
    OpenMappings& _mappings;
    const Descriptor _wakeup;
    // The thread's own:
    std::set<std::string> _busy; ///< ids that somebody was just changing here
    Poco::Int64 _heard = 0;      ///< the number of the latest change
    Clock::time_point _compared; ///< when all was, the last time
    bool _hasMissed = false;     ///< a change that it was not told of

    mutable std::mutex _mutex; ///< of what follows
    std::condition_variable _changed;
    std::chrono::milliseconds _compare;
    std::map<std::string, std::uint64_t> _asked; ///< ids of hear(), with the turn of the latest call
    std::uint64_t _turn = 0;
    bool _isConnected = false;
    std::string _trouble; ///< why it is not connected, as it was told last
    bool _isStopping = false;
    bool _hasEnded = true;
    std::thread _thread;
};

} // namespace connector
