#pragma once

#include <cstddef>
#include <list>
#include <string>
#include <unordered_map>
#include <utility>

namespace connector {

/// Those who wait, in the order in which they are to be served: one of each address in turn, and of each
/// address the one that has waited the longest; so nobody waits the longer for how many others come from an
/// address. Waiting: what stands for one of them, movable. One thread.
template <class Waiting>
class TurnsByAddress {
  public:
    using List = std::list<Waiting>;

    bool isEmpty() const { return _turns.empty(); }

    /// The next one. Only when there is one.
    Waiting& front() const { return _turns.front()->second.waiting.front(); }

    /// Those of one address, the one that has waited the longest in front; null when there are none.
    const List* of(const std::string& address) const {
        const auto found = _addresses.find(address);
        return found == _addresses.end() ? nullptr : &found->second.waiting;
    }

    /// Calls function(address, count) for each address that has some.
    template <class Function>
    void forEachAddress(Function&& function) const {
        for (const auto* entry : _turns)
            function(entry->first, entry->second.waiting.size());
    }

    /// Calls function(waiting) for all.
    template <class Function>
    void forEach(Function&& function) const {
        for (const auto* entry : _turns)
            for (const auto& waiting : entry->second.waiting)
                function(waiting);
    }

    /// Behind the others of its address, which is behind all others if it has no others yet.
    typename List::iterator add(const std::string& address, Waiting waiting) {
        auto& list = addressOf(address, _turns.end()).waiting;
        return list.insert(list.end(), std::move(waiting));
    }

    /// In front of all.
    typename List::iterator addInFront(const std::string& address, Waiting waiting) {
        auto& entry = addressOf(address, _turns.begin());
        _turns.splice(_turns.begin(), _turns, entry.turn);
        return entry.waiting.insert(entry.waiting.begin(), std::move(waiting));
    }

    /// Takes one out, wherever it is.
    Waiting take(const std::string& address, typename List::iterator position) {
        const auto found = _addresses.find(address);
        auto& entry = found->second;
        auto taken = std::move(*position);
        entry.waiting.erase(position);
        if (entry.waiting.empty()) {
            _turns.erase(entry.turn);
            _addresses.erase(found);
        }
        return taken;
    }

    /// Takes the next one, whose address has had its turn then. Only when there is one.
    Waiting takeNext() {
        const auto address = _turns.front()->first;
        auto taken = take(address, _turns.front()->second.waiting.begin());
        turnIsOver(address);
        return taken;
    }

    /// One of that address has been served: the others have their turns before its next one.
    void turnIsOver(const std::string& address) {
        const auto found = _addresses.find(address);
        if (found != _addresses.end()) _turns.splice(_turns.end(), _turns, found->second.turn);
    }

  private:
    struct Address;
    using Addresses = std::unordered_map<std::string, Address>;
    using Turns = std::list<typename Addresses::value_type*>;
    struct Address {
        List waiting; ///< not empty
        typename Turns::iterator turn;
    };

    Address& addressOf(const std::string& address, typename Turns::iterator turn) {
        const auto [found, isNew] = _addresses.try_emplace(address);
        if (isNew) found->second.turn = _turns.insert(turn, &*found);
        return found->second;
    }

    Addresses _addresses;
    Turns _turns; ///< the next one in front
};

} // namespace connector
