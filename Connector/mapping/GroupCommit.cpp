#include "mapping/GroupCommit.h"

namespace connector {

/// Somebody's turn to write: begins with the lock held, and leaves it until its end.
class GroupCommit::Turn {
  public:
    Turn(GroupCommit& commits, std::unique_lock<std::mutex>& lock) : _commits(commits), _lock(lock) {
        _commits._isWriting = true;
        _lock.unlock();
    }
    ~Turn() {
        _lock.lock();
        _commits._isWriting = false;
        _commits._turnOver.notify_all();
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

  private:
    GroupCommit& _commits;
    std::unique_lock<std::mutex>& _lock;
};

GroupCommit::GroupCommit(MappingStore& store) : _store(store), _gathering(std::make_shared<Group>()) {}

void GroupCommit::insert(const Mapping& mapping) {
    std::unique_lock lock(_mutex);
    const auto group = _gathering;
    group->mappings.push_back(mapping);
    _turnOver.wait(lock, [&] { return group->isOver || !_isWriting; });
    if (!group->isOver) {
        _gathering = std::make_shared<Group>();
        commit(*group, lock);
        group->isOver = true;
    }
    if (group->failure) std::rethrow_exception(group->failure);
}

void GroupCommit::commit(Group& group, std::unique_lock<std::mutex>& lock) {
    const Turn turn(*this, lock);
    try {
        _store.insertAll(group.mappings);
    } catch (...) {
        group.failure = std::current_exception();
    }
}

void GroupCommit::remove(const Mapping& mapping) {
    writeAlone([&] { _store.remove(mapping); });
}

void GroupCommit::replace(const Mapping& before, const Mapping& mapping) {
    writeAlone([&] { _store.replace(before, mapping); });
}

void GroupCommit::setLastUse(const std::vector<LastUseRecord>& records) {
    writeAlone([&] { _store.setLastUse(records); });
}

template <class Write>
void GroupCommit::writeAlone(Write&& write) {
    std::unique_lock lock(_mutex);
    _turnOver.wait(lock, [this] { return !_isWriting; });
    const Turn turn(*this, lock);
    write();
}

} // namespace connector
