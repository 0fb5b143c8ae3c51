#pragma once

#include "base/Reloadable.h"
#include "http2/Http2Session.h"
#include "model/Mapping.h"
#include "net/AlpnProtocols.h"
#include "net/DescriptorBudget.h"
#include "net/EventLoops.h"
#include "net/Listener.h"
#include "net/SocketStream.h"
#include "net/TrustedProxies.h"
#include "pipe/AgentRejection.h"
#include "pipe/EventFeed.h"
#include "pipe/Handshakes.h"
#include "pipe/PipeLimits.h"
#include "pipe/PipeLogs.h"
#include "pipe/SlowedAddresses.h"
#include "relay/Relay.h"

#include <Poco/Net/Context.h>
#include <Poco/Net/IPAddress.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

namespace connector {

/// How pipes are to be run, as the configuration says.
struct PipeSettings {
    /// Addresses that the ports are opened on.
    std::vector<Poco::Net::IPAddress> bind;
    PipeLimits limits;
    TcpOptions tcp;
    /// Of the front; 0: there is none.
    std::uint16_t frontPort = 0;
    /// Descriptors that listeners and connections may use together.
    int descriptors = 0;
    /// Whose word counts on whom a connection is from. limits.proxy-headers, limits.greeting-first-byte.
    TrustedProxies proxies;
    /// Mappings may have visitors that speak plain TCP while agents speak TLS.
    bool allowPlainVisitors = false;
    /// Of public mappings that don't say otherwise. All of it is given.
    TrafficLimits traffic = kUnlimitedTraffic;
    /// Of mappings that don't say otherwise: a line is written at each relay's end.
    bool logRelays = false;
};

/// What all pipes of the process share. Outlives them. Any thread.
class PipeEnvironment {
  public:
    /// tls: agents and visitors speak TLS with this context; null: plain TCP. loops, sockets and logs must
    /// outlive the environment.
    PipeEnvironment(EventLoops& loops, ListeningSockets& sockets, const PipeSettings& settings,
                    Poco::Net::Context::Ptr tls, LimitedLogs& logs);

    /// What tells this process from all others, to agents that know it under several addresses
    /// (Authorization).
    const std::string& instance() const { return _instance; }

    EventLoops& loops() { return _loops; }
    ListeningSockets& sockets() { return _sockets; }
    Handshakes& handshakes() { return _handshakes; }
    SlowedAddresses& slowed() { return _slowed; }
    AgentRejectionCounts& rejections() { return _rejections; }
    const Reloadable<PipeLimits>& limits() const { return _limits; }
    const Reloadable<TrustedProxies>& proxies() const { return _proxies; }
    RelayShared& relays() { return _relays; }
    PipeLogs& logs() { return _logs; }
    EventFeed& events() { return _events; }
    Http2Session::Context http2() { return {_limits->http2, _relays.buffered}; }

    /// Whether a mapping may have visitors without TLS; where nothing has TLS, any may.
    bool allowsPlainVisitors() const { return !_tls || _allowPlainVisitors; }

    /// What a mapping of that type has where it doesn't say otherwise.
    TrafficLimits trafficOf(Mapping::Type type) const {
        return type == Mapping::Type::Public ? *_traffic : kUnlimitedTraffic;
    }

    /// Whether a line is written at the end of a relay, where its mapping doesn't say otherwise.
    bool logsRelays() const { return _logsRelays.load(std::memory_order_relaxed); }

    /// PipeSettings::frontPort.
    std::uint16_t frontPort() const { return _frontPort; }

    /// A connection's place in the budget, which it needs before accept(); empty when none is left.
    DescriptorBudget::Lease takeLease() { return _descriptors.take(); }

    /// Descriptors that listeners and connections may have together, and how many of them are left.
    int descriptors() const { return _descriptors.all(); }
    int freeDescriptors() const { return _descriptors.left(); }

    /// From now on, but for where pipes are bound, and the front's port. Pipes that are open are to be told
    /// (Pipe::change()).
    void change(const PipeSettings& settings);

    /// On the loop's thread of a listener that listen() has made: as it would make it now.
    void update(Listener& listener) const { listener.change(_limits->backlog, *_tcp); }

    /// One listener for each bind address. Throws Poco::Net::NetException when the port is not to be had, and
    /// Poco::IOException when descriptors have run out.
    std::vector<std::unique_ptr<Listener>> listen(std::uint16_t port);

    /// The same without the budget: for the front, where callers of the API come, too.
    std::vector<std::unique_ptr<Listener>> listenAtFront();

    /// The stream of a connection that a listener has accepted. alpn: what its handshake may select, or null.
    std::unique_ptr<SocketStream> accept(Descriptor socket, const Poco::Net::SocketAddress& peer,
                                         DescriptorBudget::Lease lease,
                                         std::shared_ptr<const AlpnProtocols> alpn = nullptr);

    /// The same for one that may be an agent.
    std::unique_ptr<SocketStream> acceptAgent(Descriptor socket, const Poco::Net::SocketAddress& peer,
                                              DescriptorBudget::Lease lease) {
        return accept(std::move(socket), peer, std::move(lease), _agentsAlpn);
    }

    /// The same without TLS, whatever the others speak. Only when allowsPlainVisitors().
    std::unique_ptr<SocketStream> acceptPlain(Descriptor socket, const Poco::Net::SocketAddress& peer,
                                              DescriptorBudget::Lease lease);

  private:
    std::vector<std::unique_ptr<Listener>> listen(std::uint16_t port, DescriptorBudget* budget);

    const std::string _instance;
    EventLoops& _loops;
    ListeningSockets& _sockets;
    const std::vector<Poco::Net::IPAddress> _bind;
    const std::uint16_t _frontPort;
    Reloadable<PipeLimits> _limits;
    Reloadable<TcpOptions> _tcp;
    Reloadable<TrafficLimits> _traffic;
    Reloadable<TrustedProxies> _proxies;
    std::atomic<bool> _allowPlainVisitors;
    std::atomic<bool> _logsRelays;
    Poco::Net::Context::Ptr _tls;
    const std::shared_ptr<const AlpnProtocols> _agentsAlpn;
    PipeLogs _logs;
    EventFeed _events;
    Handshakes _handshakes;
    DescriptorBudget _descriptors;
    RelayShared _relays;
    AgentRejectionCounts _rejections;
    SlowedAddresses _slowed; ///< last: what is parked there is in the budget
};

} // namespace connector
