#pragma once

#include "base/Lifeline.h"
#include "pipe/AgentConnection.h"
#include "pipe/AgentEntrance.h"
#include "pipe/AgentHistory.h"
#include "pipe/Newcomers.h"
#include "pipe/Pipe2Connections.h"
#include "pipe/PipeEnvironment.h"
#include "pipe/Presence.h"
#include "pipe/WaitingStreams.h"
#include "protocol/Authorization.h"

#include <Poco/Logger.h>

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <variant>

namespace connector {

/// The agents of one port of a mapping: those still to be authorized; in PIPE/1, those waiting for a partner,
/// and those that have begun a conversation and hold its first bytes; in PIPE/2, all connections, and the
/// streams that were opened on them and wait. Lives on its pipe's loop, and outlives the relays of its
/// agents.
class AgentEndpoint final : private AgentConnection::Owner,
                            private Pipe2Connection::Owner,
                            private AgentEntrance::Owner {
  public:
    /// The pipe, which joins agents.
    class Owner {
      public:
        /// An agent can be given a partner, or has begun a conversation.
        virtual void onAgentAvailable(AgentEndpoint& endpoint) = 0;
        /// All places are taken, and an agent wants one: Relay::probe() for all relays.
        virtual void probeRelays() = 0;
        /// The first one has come, or the last one has been gone for limits.agents-gone.
        virtual void publishAgents(bool areThere, std::uint16_t port) = 0;

      protected:
        ~Owner() = default;
    };

    /// What the port is called.
    struct Names {
        /// In the log.
        std::string endpoint;
        /// By the streams that are opened here, as host:port.
        std::string authority;
        /// By its mapping's id.
        std::string mapping{};
    };

    struct Settings {
        /// What the log calls an agent in a relay: a literal.
        const char* role;
        /// See AgentConnection::Context. Where agents may not begin, connections of PIPE/2 run on all loops;
        /// else on the pipe's, so that two of their streams can be joined.
        bool mayBegin;
        /// 0 for port1, 1 for port2.
        std::size_t side;
    };

    /// lifeline: the pipe's. All references must outlive the endpoint.
    AgentEndpoint(EventLoop& loop, PipeEnvironment& environment, const Endpoint& endpoint, Names names,
                  Settings settings, const Lifeline& lifeline, Owner& owner);

    /// For agents that come from now on, and once before the first one. Those that are there with a passcode
    /// that is not good any more, now or when the time of the former one is over, are closed; relays go on.
    void change(const Endpoint& endpoint, Names names);

    /// Takes what comes to the port.
    Acceptor& entrance() { return _entrance; }

    /// One that has said this greeting elsewhere. hasTurn: AgentConnection::hasTurn(). The stream is attached
    /// to no loop.
    void onGreeted(std::unique_ptr<SocketStream> stream, const std::string& greeting, bool hasTurn);

    /// Whom a conversation can be begun with: an agent of PIPE/1 that waits, or a connection of PIPE/2.
    using Partner = std::variant<RelayPeer, std::shared_ptr<Pipe2Connection>>;

    bool hasPartner() const;

    /// Takes the agent that has the least to do. A waiting agent of PIPE/1 has nothing to do; of several, the
    /// one that has waited the longest, so that none is taken again before the others were; those of doubtful
    /// addresses come after the others, and those that may well be dead themselves come last.
    /// Pipe2Connections chooses between connections of PIPE/2. Nothing when there is none.
    std::optional<Partner> takePartner();

    /// The same, of PIPE/2 only.
    std::optional<Partner> takePipe2Partner();

    /// Whether an agent has begun a conversation.
    bool hasHolding() const { return hasHoldingPipe1() || !_waitingStreams.isEmpty(); }

    /// Takes the agent that has held payload the longest, or the stream that has waited the longest.
    RelayPeer takeHolding();

    /// Takes back one that has begun a conversation and was not joined after all.
    void putBack(RelayPeer opener);

    /// Whether agents are there, and all of them open streams, so that none will be anybody's partner.
    bool onlyOpens() const;

    /// Refuses the streams that wait.
    void refuseWaiting(const std::string& reason) { _waitingStreams.refuseAll(reason); }

    /// Closes an agent that was taken and has turned out to be no good.
    void drop(RelayPeer agent, const std::string& why);

    /// Lets agents of PIPE/1 that wait go, but for so many; and, if none is to be kept, those of PIPE/2
    /// (GOAWAY). Those that are still to be authorized, and those that have begun a conversation, stay. False
    /// when no connection is left but in relays.
    bool leave(std::size_t keep);

    /// Closes the agents of PIPE/1 that have begun a conversation.
    void dropHolding(const std::string& why);

    /// Closes all connections.
    void closeAll();

    /// Adds those that are authorized, but for those in relays of PIPE/1, and those that connections of
    /// PIPE/2 have streams opened for; soon.
    void report(const std::shared_ptr<ConnectionQuery>& query) const;

    /// Ends that one, and adds it; false when it is none of those that wait, nor of PIPE/2.
    bool end(std::uint64_t number, const std::string& why, const std::shared_ptr<ConnectionQuery>& query);

    /// All connections of PIPE/2.
    std::vector<std::shared_ptr<Pipe2Connection>> pipe2Connections() const;

    /// Any thread: agents of PIPE/1 waiting or holding, and connections of PIPE/2 that don't go away.
    int waitingCount() const { return _waitingCount.load(std::memory_order_relaxed); }

    /// Any thread: connections of authorized agents, joined ones included.
    int connectedCount() const { return _places.count(); }

    /// Any thread: when an agent was last connected and authorized, joined ones included (Presence).
    Poco::Int64 lastConnected() const { return _places.lastThere(); }

  private:
    void onRightPasscode(AgentConnection& agent) override;
    bool mayWaitForPlace() const override;
    std::optional<Admission> admit(AgentConnection& agent) override;
    void onStateChanged(AgentConnection& agent, AgentConnection::State before) override;
    void onPipe2(AgentConnection& agent, bool opens) override;
    void onStream(Pipe2Connection& connection, std::unique_ptr<Http2Stream> stream,
                  const ConnectRequest& request) override;
    void onUsable(Pipe2Connection&) override { _owner.onAgentAvailable(*this); }
    void onGoingAway(Pipe2Connection& connection) override;
    void onManyStreams(Pipe2Connection&) override {}
    void onEnded(Pipe2Connection& connection, const std::string& why) override;
    void onStaleBytes(AgentConnection& agent) override;
    void onWrongPasscode(AgentConnection& agent) override;
    void onEnded(AgentConnection& agent, const std::string& why, AgentRejection rejection) override;
    void onEntered(std::unique_ptr<SocketStream> accepted, bool isKnown, bool hasTurn) override;
    std::string crowded() const override;

    AgentConnection::List& listOf(AgentConnection::State state);
    const AgentConnection::List& listOf(AgentConnection::State state) const;
    void count(AgentConnection::State state, int change);
    AgentConnection* nextWaiting() const;
    bool hasHoldingPipe1() const { return !listOf(AgentConnection::State::Holding).empty(); }
    std::optional<RelayPeer> takeWaiting();
    Authorization authorization() const;
    void probeAgents();
    void takePlace(const Poco::Net::IPAddress& address);
    void onLastGone();
    void freePlace(const Poco::Net::IPAddress& address);
    void onPipe2Gone(Pipe2Connection& connection);
    void onFormerPasscodeOver();
    void closeThoseWithOldPasscodes();
    bool hasOldPasscode(int generation) const;
    bool moveBack(AgentConnection& agent);
    void onNoAnswer(const Poco::Net::SocketAddress& peer);
    void onAnswer(const Poco::Net::SocketAddress& peer);
    AgentConnection& add(std::unique_ptr<AgentConnection> agent);
    void forget(AgentConnection& agent);
    RelayPeer take(AgentConnection& agent);
    void close(AgentConnection& agent);
    LogLine lineOf(const char* what, const Poco::Net::SocketAddress& peer, const std::string& why) const;
    void reject(const Poco::Net::SocketAddress& peer, const std::string& why, AgentRejection rejection);
    void logLost(const Poco::Net::SocketAddress& peer, const std::string& why);

    EventLoop& _loop;
    PipeEnvironment& _environment;
    Endpoint _endpoint;
    Names _names;
    const Settings _settings;
    const Lifeline& _lifeline;
    Passcodes _passcodes;
    Timer _formerPasscode; ///< until it is not good any more
    const AgentConnection::Context _context;
    Owner& _owner;
    /// Of each state, those first that are in it the longest.
    std::array<AgentConnection::List, AgentConnection::kStates> _agents;
    Pipe2Connections _connections;
    Pipe2Connections _leaving; ///< those that have said GOAWAY
    WaitingStreams _waitingStreams;
    AgentHistory _history;
    Newcomers _newcomers;
    AgentEntrance _entrance;
    /// Authorized agents, those in relays included: a relay on another loop gives its agent's place back. A
    /// connection of PIPE/2 gives it back when it goes away, for its successor.
    Presence _places;
    std::atomic<int> _waitingCount{0};
    Timer _gone;            ///< runs while none is there
    bool _areThere = false; ///< as was published
    Timer _probe;           ///< runs while agents are probed
    Poco::Logger& _log;
    std::atomic<bool> _hasDoubts{false};
    bool _isClosed = false;
};

} // namespace connector
