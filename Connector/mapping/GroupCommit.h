#pragma once

#include "mapping/MappingStore.h"

#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <vector>

namespace connector {

/// Writes to the store, one transaction at a time. A commit is mostly waiting for the disk; mappings that
/// come in the meantime are then committed together, so that many clients at once are not served at the
/// disk's pace. Any thread, and the only one that writes to the store.
class GroupCommit {
  public:
    explicit GroupCommit(MappingStore& store);

    /// Returns when the mapping is committed. Throws StorageFull or StorageError, and then it is not.
    void insert(const Mapping& mapping);

    /// The same, for MappingStore::remove().
    void remove(const Mapping& mapping);

    /// The same, for MappingStore::replace().
    void replace(const Mapping& before, const Mapping& mapping);

    /// The same, for MappingStore::setLastUse().
    void setLastUse(const std::vector<LastUseRecord>& records);

  private:
    /// Mappings that share a transaction, and what became of it.
    struct Group {
        std::vector<Mapping> mappings;
        bool isOver = false;
        std::exception_ptr failure;
    };
    class Turn;

    void commit(Group& group, std::unique_lock<std::mutex>& lock);
    template <class Write>
    void writeAlone(Write&& write);

    MappingStore& _store;
    std::mutex _mutex;
    std::condition_variable _turnOver;
    bool _isWriting = false;
    std::shared_ptr<Group> _gathering; ///< committed by the first of them that gets a turn
};

} // namespace connector
