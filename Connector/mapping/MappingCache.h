#pragma once

#include "base/Descriptor.h"
#include "mapping/MappingStore.h"
#include "mapping/OpenMappings.h"

#include <chrono>
#include <set>
#include <string>
#include <vector>

namespace connector {

/// What was last known of a shared database, in a SQLite database of this machine's: so that a Connector can
/// start without it. What it can't write is logged once, and then it is behind. Not thread safe.
class MappingCache {
  public:
    /// A file that is damaged is put aside, and begun anew. busy, lock: see MappingStore. Throws StorageError
    /// when another process has it, or it can't be written.
    MappingCache(const std::string& path, std::chrono::milliseconds busy, Descriptor lock);

    /// All that it has. Throws StorageError.
    StoredMappings load();

    /// Of all that it has; nothing, and it is behind, when it can't be read.
    std::vector<MappingStore::RowMark> marks();

    /// ids: of these, no other rows than those are to be there.
    void update(const std::set<std::string>& ids, const std::vector<Mapping>& rows);

    /// Something could not be read or written since the last call.
    bool takeBehind();

    /// Any thread.
    void limitBusy(std::chrono::milliseconds busy) { _store.limitBusy(busy); }

    /// What keeps other processes out; it stays the cache's.
    int lockDescriptor() const { return _store.lockDescriptor(); }

    /// For good.
    void close() { _store.close(); }

  private:
    void onFailure(const std::string& why);

    MappingStore _store;
    bool _isBehind = false;
    bool _isFailureTold = false;
};

} // namespace connector
