#pragma once

#include "net/EventLoop.h"

#include <Poco/Net/IPAddress.h>

#include <chrono>
#include <cstddef>
#include <deque>
#include <string>

namespace connector {

/// What a public mapping's agents have done wrong lately, by their addresses. Agents of PIPE/1 keep the
/// connection to their target when a visitor has gone, and what is wrong with that goes on when they dial
/// anew: so it is the address that must be remembered. One thread.
class AgentHistory {
  public:
    using Clock = EventLoop::Clock;

    /// What is remembered of either kind; one more takes the place of the oldest.
    static constexpr std::size_t kEntries = 1000;

    /// memory: how long an address is remembered.
    explicit AgentHistory(std::chrono::milliseconds memory) : _memory(memory) {}

    /// An agent has let a visitor go without an answer.
    void addSilentRelay(const Poco::Net::IPAddress& address, Clock::time_point now);

    /// Whether the connection that is authorized now from this address must be taken for the one that comes
    /// in the place of one that gave no answer; each of those has one successor.
    bool takeSilentRelay(const Poco::Net::IPAddress& address, Clock::time_point now);

    /// An agent has sent what no visitor had asked for.
    void addStaleBytes(const Poco::Net::IPAddress& address, Clock::time_point now);

    bool hasSentStaleBytes(const Poco::Net::IPAddress& address, Clock::time_point now);

  private:
    struct Entry {
        std::string address; ///< its bytes
        Clock::time_point time;
    };
    using Entries = std::deque<Entry>; ///< oldest first

    void add(Entries& entries, Entry entry) const;
    void forgetOld(Entries& entries, Clock::time_point now) const;
    static Entries::iterator find(Entries& entries, const std::string& address);

    const std::chrono::milliseconds _memory;
    Entries _silentRelays;
    Entries _staleBytes;
};

} // namespace connector
