#pragma once

#include "base/Lifeline.h"
#include "model/Mapping.h"
#include "net/ProxyEntrance.h"
#include "pipe/AgentEndpoint.h"
#include "pipe/ConnectionQuery.h"
#include "pipe/Openings.h"
#include "pipe/PipeEnvironment.h"
#include "pipe/PipeStatus.h"
#include "pipe/VisitorEndpoint.h"
#include "relay/RelaySet.h"

#include <array>
#include <atomic>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace connector {

/// The live side of a mapping: listens on its two ports, joins the connections that come, and keeps account
/// of the relays. Made by PipeFactory. It lives on one loop; relays and connections of PIPE/2 may run on
/// others, and the pipe outlives them.
class Pipe : private RelaySet::Owner, private Openings::Owner {
  public:
    /// What serves one port: a listener for each address that pipes are bound to.
    using Listeners = std::vector<std::unique_ptr<Listener>>;

    /// Only after the future of close() is ready, or before start().
    virtual ~Pipe();

    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;

    /// Takes the pipe into service with what PipeEnvironment::listen() has opened for either port. A port
    /// without listeners is tried again until it can be opened, and until then the pipe is degraded; none is
    /// needed where the mapping has no ports. Any thread, once.
    void start(std::array<Listeners, 2> listeners);

    /// As long as that is there the pipe is not gone; null when it is about to be. Any thread.
    Lifeline::Hold hold() const { return _lifeline.hold(); }

    /// A visitor who has come to the front, and asked for the mapping; closed where there are none. Any
    /// thread that has a hold.
    void takeVisitor(Descriptor socket, const Poco::Net::SocketAddress& peer, DescriptorBudget::Lease lease);

    /// An agent that has come to the front, and said this greeting, which seems to be for that side (0 for
    /// port1), which has agents. hasTurn: AgentConnection::hasTurn(). On any loop whose stream it is; it must
    /// be detached, and there must be a hold.
    void takeAgent(std::size_t side, std::unique_ptr<SocketStream> stream, const std::string& greeting,
                   bool hasTurn);

    /// Closes ports and connections; relays are reset. The future is ready when all of them are closed. Any
    /// thread that is not a loop's, once, after start().
    std::future<void> close();

    /// Another process listens on the same ports. This one takes no more visitors, lets go of agents that
    /// wait, and goes on with its relays. Those who wait for an agent are served yet: agents are kept for
    /// them, or taken. Any thread, once, between start() and close().
    void drain();

    /// Any thread: after drain(), nobody is left.
    bool isDrained() const { return _isDrained.load(std::memory_order_relaxed); }

    /// Any thread.
    PipeStatus status() const;

    /// Any thread: when it was last in use, before the process started, too.
    LastUse lastUse() const;

    /// Its agents and visitors, as soon as the loops have told of them. Any thread that is not a loop's,
    /// between start() and close().
    std::future<ConnectionReports> connections();

    /// Ends the connection with that number: a relay's are both reset. What is told of is that connection, or
    /// nothing when there is none. As connections().
    std::future<ConnectionReports> endConnection(std::uint64_t number, const std::string& why);

    /// The mapping, of the same id and type, is like this from now on, and the environment as it is by now;
    /// `listeners` take the place of those of ports that are others now, without any as with start(), and
    /// are empty for the rest. The future is ready when it is in force. Any thread that is not a loop's,
    /// between start() and close().
    std::future<void> change(const Mapping& mapping, std::array<Listeners, 2> listeners);

  protected:
    /// environment must outlive the pipe. Any thread.
    Pipe(PipeEnvironment& environment, const Mapping& mapping);

    /// Begins conversations for all who have become available. On the pipe's loop.
    void beginAvailable();

    /// Relay::probe() for all relays, soon.
    void probeRelays();

    /// What the log calls one of the ports.
    std::string nameOf(const Endpoint& endpoint) const;

    void publishAgents(bool areThere, std::uint16_t port) {
        _environment.events().publish(areThere ? "agent-came" : "agents-gone", _mapping, port);
    }

    /// What agents' port is called; those who come by the other one are who its streams are for.
    AgentEndpoint::Names namesOf(const Endpoint& endpoint, const Endpoint& other) const;

    /// Begins a conversation between a connection that has something to say and an agent, and joins them when
    /// the agent agrees. On the pipe's loop.
    void begin(RelayPeer opener, AgentEndpoint::Partner partner);

    /// On the pipe's loop.
    const Mapping& mapping() const { return _mapping; }

    /// All of the bounds.
    TrafficLimits traffic() const { return _mapping.traffic.orElse(_environment.trafficOf(_mapping.type)); }

    /// Ends the relay that has been idle the longest, if it has for limits.idle-relay-yields, of those whose
    /// peer on that side is of that address (ownerOf()); false when there is none.
    bool endIdleRelay(std::size_t side, const std::string& address);

    const Lifeline& lifeline() const { return _lifeline; }

    int relayCount() const { return _relays.count(); }

    /// Conversations that are begun with an agent of PIPE/2, and may be put back yet.
    int openingCount() const { return _openings.count(); }

    /// Connections to a port that may yet turn out to be somebody's (ProxyEntrance); index as with
    /// acceptorAt(). On the pipe's loop.
    std::size_t enteringCount(std::size_t index) const {
        return _entrances[index] ? _entrances[index]->count() : 0;
    }

    /// Leaves a port to another process; index as with acceptorAt(). On the pipe's loop.
    void stopListening(std::size_t index) { _listeners[index].clear(); }

    PipeEnvironment& environment() { return _environment; }
    EventLoop& loop() { return _loop; }

  private:
    /// index: 0 for port1, 1 for port2.
    virtual Acceptor& acceptorAt(std::size_t index) = 0;
    /// Null where visitors connect.
    virtual AgentEndpoint* agentsAt(std::size_t index) = 0;
    /// Null where agents connect on both sides.
    virtual VisitorEndpoint* visitors() = 0;
    virtual void closeConnections() = 0;
    /// Closes what is not needed for those who still wait, ports included (stopListening()). since: drain().
    /// False when nobody is left but in relays.
    virtual bool leave(EventLoop::Clock::duration since) = 0;
    virtual void addTo(PipeStatus& status) const = 0;
    /// Adds all that are not in relays.
    virtual void report(const std::shared_ptr<ConnectionQuery>& query) const = 0;
    /// Ends that one and adds it; false when it is none that waits, nor one of PIPE/2.
    virtual bool endWaiting(std::uint64_t number, const std::string& why,
                            const std::shared_ptr<ConnectionQuery>& query) = 0;
    virtual std::vector<std::shared_ptr<Pipe2Connection>> pipe2Connections() const = 0;
    /// Since the process started.
    virtual LastUse lastUseHere() const = 0;
    /// mapping() has changed, or is served from now on.
    virtual void onChanged() = 0;
    /// Begins one conversation between two that are available; false when there are no two.
    virtual bool beginNext() = 0;
    /// Takes back a connection that was not joined after all, to be joined to somebody else.
    virtual void putBack(RelayPeer opener) = 0;
    /// Closes a connection that was not joined after all.
    virtual void drop(RelayPeer opener, const std::string& why) = 0;

    /// As most pipes never drain, they need not have the room for it.
    struct Draining {
        Draining(EventLoop& loop, std::function<void()> look)
            : timer(loop, std::move(look)), begin(loop.now()) {}

        Timer timer;
        const EventLoop::Clock::time_point begin; ///< of drain()
    };

    const Endpoint& endpointAt(std::size_t index) const;
    void takeOver(const Mapping& mapping, std::array<Listeners, 2> listeners);
    void startListening(std::size_t index);
    void retryListening();
    void checkListening();
    void drainOn();
    void noteListeners();
    bool isListening() const;
    void onRefused(RelayPeer opener, const Opening::Refusal& refusal) override;
    void onNotProcessed(RelayPeer opener, const std::string& why) override;
    void onRelayEnded(const Relay& relay) override;

    PipeEnvironment& _environment;
    const LastUse _usedBefore; ///< the process started
    Mapping _mapping;
    EventLoop& _loop;
    std::array<std::optional<ProxyEntrance>, 2> _entrances; ///< of the ports, as soon as they were open
    std::array<Listeners, 2> _listeners;
    Timer _retry;
    std::unique_ptr<Draining> _draining; ///< from drain() on
    Lifeline _lifeline;
    RelaySet _relays;
    Openings _openings;
    std::atomic<bool> _isDrained{false};
    std::array<std::atomic<bool>, 2> _lacksPort{}; ///< as _listeners are
    bool _isBeginning = false;
    bool _wasDegraded = false; ///< by the last event
    bool _closing = false;
};

} // namespace connector
