#pragma once

#include "pipe/AgentConnection.h"
#include "pipe/LimitedLog.h"
#include "pipe/PipeEnvironment.h"
#include "pipe/Presence.h"

#include <Poco/Logger.h>

#include <array>
#include <atomic>
#include <memory>
#include <string>

namespace connector {

/// The agents of one port of a mapping that are not joined: those still to be authorized, those waiting for a
/// partner, and those that have begun a conversation and hold its first bytes. Lives on its pipe's loop.
class AgentEndpoint final : public Acceptor, private AgentConnection::Owner {
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

    bool hasWaiting() const { return !listOf(AgentConnection::State::Waiting).empty(); }
    bool hasHolding() const { return !listOf(AgentConnection::State::Holding).empty(); }

    /// Takes the waiting agent that was heard from last, the one most likely to be alive.
    RelayEnd takeWaiting();

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
    Poco::Int64 lastConnected() const { return _placesTaken->lastThere(); }

  private:
    static constexpr std::size_t kStates = 3;

    bool admit(AgentConnection& agent) override;
    void onStateChanged(AgentConnection& agent, AgentConnection::State before) override;
    void onHeard(AgentConnection& agent) override;
    void onEnded(AgentConnection& agent, const std::string& why) override;

    AgentConnection::List& listOf(AgentConnection::State state);
    const AgentConnection::List& listOf(AgentConnection::State state) const;
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
    /// Of each state; those authorizing and holding oldest first, of those waiting the one heard from last at
    /// the back.
    std::array<AgentConnection::List, kStates> _agents;
    /// Authorized agents, those in relays included: a relay on another loop gives its agent's place back.
    std::shared_ptr<Presence> _placesTaken = std::make_shared<Presence>();
    std::atomic<int> _waitingCount{0};
    Poco::Logger& _log;
    LimitedLog _endings;
};

} // namespace connector
