#pragma once

#include "net/EventLoop.h"
#include "pipe/AgentRejection.h"

#include <array>
#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

namespace connector {

/// A connection that has not shown yet who it is.
class Newcomer {
  public:
    /// Ends it, before it has.
    virtual void end(const std::string& why, AgentRejection rejection) = 0;

  protected:
    ~Newcomer() = default;
};

/// The connections of one port that have not shown yet who they are, and which of them goes when there are
/// too many: one of the address that has the most, so that nobody is kept out by what others do. Addresses
/// that were authorized lately are counted apart, and are never displaced by those that were not. One thread.
class Newcomers {
  public:
    using Clock = EventLoop::Clock;

    /// Of one address it is the oldest that goes, as a real agent greets within a round trip; but while the
    /// first half of them is younger than this, it is the oldest behind that half. Or else those on a long
    /// line would never get in beside many connections from their own address.
    static constexpr std::chrono::milliseconds kSpared{1000};

    /// most: how many may be there of those that are known, and of those that are not; may change.
    explicit Newcomers(std::function<std::size_t()> most) : _most(std::move(most)) {}

    /// owner: of its address (ownerOf()). isKnown: whether that was authorized lately.
    void add(Newcomer& newcomer, const std::string& owner, bool isKnown, Clock::time_point now);

    /// Nothing happens when it is not there.
    void remove(Newcomer& newcomer);

    /// The one that has to go before another one of this owner comes; null when there is room.
    Newcomer* surplus(const std::string& owner, bool isKnown, Clock::time_point now) const;

    /// The same choice for any that came one after the other, oldest first, and have a member `since`.
    template <class Entries>
    static std::size_t whoGoes(const Entries& entries, Clock::time_point now) {
        return now - entries.front().since >= kSpared ? 0 : entries.size() / 2;
    }

    /// How many there are, of either kind.
    std::size_t count() const { return _places.size(); }

  private:
    struct Entry {
        Newcomer* newcomer;
        Clock::time_point since;
    };
    using ByAge = std::vector<Entry>; ///< oldest first
    struct Group {
        std::map<std::string, ByAge> byOwner;
        std::size_t count = 0;
    };
    struct Place {
        Group* group;
        std::string owner;
    };

    const std::function<std::size_t()> _most;
    std::array<Group, 2> _groups; ///< those that are not known, those that are
    std::unordered_map<Newcomer*, Place> _places;
};

} // namespace connector
