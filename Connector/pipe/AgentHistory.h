#pragma once

#include "base/Reloadable.h"
#include "net/EventLoop.h"
#include "pipe/PipeLimits.h"

#include <Poco/Net/IPAddress.h>

#include <chrono>
#include <cstddef>
#include <list>
#include <string>

namespace connector {

/// What has gone wrong lately with one port's agents, by their addresses. It is the address that must be
/// remembered, not the connection: a node that has died leaves many connections, and stock agents keep the
/// connection to their target when a visitor has gone, so that what is wrong with it goes on when they dial
/// anew. One thread.
class AgentHistory {
  public:
    using Clock = EventLoop::Clock;

    /// What is remembered of each kind; one more takes the place of the oldest.
    static constexpr std::size_t kEntries = 1000;

    explicit AgentHistory(const Reloadable<PipeLimits>& limits) : _limits(limits) {}

    /// An agent has let a visitor go without an answer: its address is doubtful, and the connection that
    /// comes in its place is a suspect.
    void addNoAnswer(const Poco::Net::IPAddress& address, Clock::time_point now);

    /// An agent was lost, before a visitor could be joined to it: its address is doubtful.
    void addLost(const Poco::Net::IPAddress& address, Clock::time_point now);

    /// An agent has answered, so its address is not doubtful any more; false when it was not.
    bool clearDoubt(const Poco::Net::IPAddress& address, Clock::time_point now);

    bool isDoubtful(const Poco::Net::IPAddress& address, Clock::time_point now);
    bool hasDoubts() const { return !_doubtful.empty(); }

    /// Whether the connection that is authorized now from this address must be taken for the one that comes
    /// in the place of one that gave no answer; each of those has one successor.
    bool takeSuspect(const Poco::Net::IPAddress& address, Clock::time_point now);

    /// An agent has sent what no visitor had asked for.
    void addStaleBytes(const Poco::Net::IPAddress& address, Clock::time_point now);

    bool hasSentStaleBytes(const Poco::Net::IPAddress& address, Clock::time_point now);

  private:
    struct Entry {
        std::string address; ///< its bytes
        Clock::time_point time;
    };
    using Entries = std::list<Entry>; ///< oldest first; mostly empty, and then without memory

    void add(Entries& entries, Entry entry) const;
    bool has(Entries& entries, const std::string& address, Clock::time_point now) const;
    bool take(Entries& entries, const std::string& address, Clock::time_point now) const;
    void forgetOld(Entries& entries, Clock::time_point now) const;

    const Reloadable<PipeLimits>& _limits;
    Entries _noAnswers; ///< one for each, until its successor has come
    Entries _doubtful;  ///< each address once
    Entries _staleBytes;
};

} // namespace connector
