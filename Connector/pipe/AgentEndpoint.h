#pragma once

#include "base/LimitedLog.h"
#include "pipe/AgentConnection.h"
#include "pipe/AgentHistory.h"
#include "pipe/PipeEnvironment.h"
#include "pipe/Presence.h"
#include "pipe/SlowedAddresses.h"

#include <Poco/Logger.h>

#include <array>
#include <atomic>
#include <memory>
#include <optional>
#include <string>

namespace connector {

/// The agents of one port of a mapping that are not joined: those still to be authorized, those waiting for a
/// partner, and those that have begun a conversation and hold its first bytes. Lives on its pipe's loop, and
/// outlives the relays of its agents.
class AgentEndpoint final : public Acceptor, private AgentConnection::Owner, private SlowedAddresses::Owner {
  public:
    /// The pipe, which joins agents.
    class Owner {
      public:
        /// An agent waits for a partner, or holds payload for one.
        virtual void onAgentAvailable(AgentEndpoint& endpoint) = 0;

      protected:
        ~Owner() = default;
    };

    /// name and role: what the log calls the endpoint and, in a relay, its agents; role is a literal.
    /// mayBegin: see AgentConnection::Context.
    AgentEndpoint(EventLoop& loop, PipeEnvironment& environment, const Endpoint& endpoint, std::string name,
                  const char* role, bool mayBegin, Owner& owner);

    void onAccepted(Descriptor socket, const Poco::Net::SocketAddress& peer,
                    DescriptorBudget::Lease lease) override;

    bool hasWaiting() const;
    bool hasHolding() const { return !listOf(AgentConnection::State::Holding).empty(); }

    /// Takes the agent that has waited the longest, so that none is taken again before the others were. Those
    /// of doubtful addresses come after the others, and those that may well be dead themselves come last.
    /// Nothing when none waits.
    std::optional<RelayEnd> takeWaiting();

    /// The same, of those that speak PIPE/2.
    std::optional<RelayEnd> takeWaitingPipe2();

    /// Takes the agent that has held payload the longest.
    RelayEnd takeHolding();

    /// Takes back an agent that was not joined after all.
    void putBack(RelayEnd agent);

    /// Closes an agent that was taken and has turned out to be no good.
    void drop(RelayEnd agent, const std::string& why);

    /// Closes all connections.
    void closeAll();

    /// Any thread: agents waiting or holding.
    int waitingCount() const { return _waitingCount.load(std::memory_order_relaxed); }

    /// Any thread: when an agent was last connected and authorized, joined ones included (Presence).
    Poco::Int64 lastConnected() const { return _places.lastThere(); }

  private:
    std::optional<Admission> admit(AgentConnection& agent) override;
    void onStateChanged(AgentConnection& agent, AgentConnection::State before) override;
    void onStaleBytes(AgentConnection& agent) override;
    void onWrongPasscode(AgentConnection& agent) override;
    void onEnded(AgentConnection& agent, const std::string& why) override;
    void onTurn(SlowedAddresses::Connection connection) override;
    void onSlowed(const Poco::Net::IPAddress& address, std::chrono::milliseconds pause) override;
    bool hasAgentsOf(const Poco::Net::IPAddress& address) const override;

    AgentConnection::List& listOf(AgentConnection::State state);
    const AgentConnection::List& listOf(AgentConnection::State state) const;
    void count(const AgentConnection& agent, AgentConnection::State state, int change);
    void open(SlowedAddresses::Connection connection, bool hasTurn);
    AgentConnection* nextWaiting() const;
    bool moveBack(AgentConnection& agent);
    void onNoAnswer(const Poco::Net::SocketAddress& peer);
    void onAnswer(const Poco::Net::SocketAddress& peer);
    AgentConnection& add(std::unique_ptr<AgentConnection> agent);
    void forget(AgentConnection& agent);
    RelayEnd take(AgentConnection& agent);
    void close(AgentConnection& agent);
    void logLost(const Poco::Net::SocketAddress& peer, const std::string& why);

    EventLoop& _loop;
    PipeEnvironment& _environment;
    const std::string _name;
    const char* const _role;
    const AgentConnection::Context _context;
    Owner& _owner;
    /// Of each state, those first that are in it the longest.
    std::array<AgentConnection::List, AgentConnection::kStates> _agents;
    AgentHistory _history;
    SlowedAddresses _slowed;
    /// Authorized agents, those in relays included: a relay on another loop gives its agent's place back.
    Presence _places;
    std::atomic<int> _waitingCount{0};
    int _waitingPipe2 = 0;
    Poco::Logger& _log;
    LimitedLog _endings;
    LimitedLog _warnings; ///< of its own, as there may be many endings
    std::atomic<bool> _hasDoubts{false};
};

} // namespace connector
