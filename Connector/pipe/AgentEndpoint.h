#pragma once

#include "pipe/AgentConnection.h"
#include "pipe/LimitedLog.h"
#include "pipe/PipeEnvironment.h"

#include <Poco/Logger.h>

#include <atomic>
#include <memory>
#include <string>

namespace connector {

/// The agents of one port of a mapping that are not joined: those still to be authorized, those waiting for a
/// partner, and those that hold payload for one. Lives on its pipe's loop.
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
    /// holdsPayload: see AgentConnection.
    AgentEndpoint(EventLoop& loop, PipeEnvironment& environment, const Endpoint& endpoint, std::string name,
                  const char* role, bool holdsPayload, Owner& owner);

    void onAccepted(const Poco::Net::StreamSocket& socket, const Poco::Net::SocketAddress& peer,
                    DescriptorBudget::Lease lease) override;

    bool hasWaiting() const { return !_waiting.empty(); }
    bool hasHolding() const { return !_holding.empty(); }

    /// Takes the waiting agent that was heard from last, the one most likely to be alive, as the end of a
    /// relay.
    RelayEnd takeWaiting();

    /// Takes the agent that has held payload the longest.
    RelayEnd takeHolding();

    /// Closes all connections.
    void closeAll();

    /// Any thread: agents waiting or holding.
    int waitingCount() const { return _waitingCount.load(std::memory_order_relaxed); }

  private:
    bool admit(AgentConnection& agent) override;
    void onWaiting(AgentConnection& agent) override;
    void onHeard(AgentConnection& agent) override;
    void onHolding(AgentConnection& agent) override;
    void onEnded(AgentConnection& agent, const std::string& why) override;

    AgentConnection::List& listOf(const AgentConnection& agent);
    RelayEnd take(AgentConnection& agent);
    void close(AgentConnection::List& list, AgentConnection& agent);

    EventLoop& _loop;
    PipeEnvironment& _environment;
    const Endpoint& _endpoint;
    const std::string _name;
    const char* const _role;
    const bool _holdsPayload;
    Owner& _owner;
    AgentConnection::List _authorizing; ///< oldest first
    AgentConnection::List _waiting;     ///< heard from last at the back
    AgentConnection::List _holding;     ///< oldest first
    /// Authorized agents, those in relays included: a relay on another loop gives its agent's place back.
    std::shared_ptr<std::atomic<int>> _placesTaken = std::make_shared<std::atomic<int>>(0);
    std::atomic<int> _waitingCount{0};
    Poco::Logger& _log;
    LimitedLog _endings;
};

} // namespace connector
