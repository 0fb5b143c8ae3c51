#pragma once

#include "base/Reloadable.h"
#include "net/EventLoop.h"
#include "pipe/PipeLimits.h"

#include <chrono>
#include <cstddef>
#include <list>
#include <string>
#include <unordered_map>

namespace connector {

/// Whose addresses agents were authorized from lately at one port (ownerOf()); for one more than kMost, the
/// one that is the longest ago is forgotten. One thread.
class RecentAddresses {
  public:
    using Clock = EventLoop::Clock;

    static constexpr std::size_t kMost = 1000;

    explicit RecentAddresses(const Reloadable<PipeLimits>& limits) : _limits(limits) {}

    void add(const std::string& owner, Clock::time_point now);

    bool has(const std::string& owner, Clock::time_point now) const;

  private:
    struct Entry {
        std::string owner;
        Clock::time_point time;
    };
    using Entries = std::list<Entry>; ///< the latest first

    const Reloadable<PipeLimits>& _limits;
    Entries _entries;
    std::unordered_map<std::string, Entries::iterator> _byOwner;
};

} // namespace connector
