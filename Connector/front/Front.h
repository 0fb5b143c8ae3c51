#pragma once

#include "base/Lifeline.h"
#include "base/Reloadable.h"
#include "front/AgentDoor.h"
#include "front/FrontArrivals.h"
#include "front/FrontConnection.h"
#include "front/FrontSettings.h"
#include "front/PipeDirectory.h"
#include "net/ClientHello.h"
#include "net/ProxyEntrance.h"
#include "pipe/Newcomers.h"
#include "pipe/PipeEnvironment.h"

#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <vector>

namespace connector {

/// One port for agents, visitors and the API. It looks at what each TLS client says first (ClientHello),
/// without taking it, and hands the socket to whom it is for: so all that follows, handshake and limits, is
/// as at that one's own port.
///
/// - Who offers PIPE/2 (ALPN) is an agent, of whichever mapping its passcode is (AgentDoor).
/// - Who asks for NAME.domain is a visitor of the mapping that has that name or id. Where there is none, the
///   alert unrecognized_name is the answer (RFC 6066).
/// - All others are the API's: those who ask for a reserved name, for another host, or for none.
///
/// Lives on a loop of the pipes'. Functions are for one thread that is not a loop's.
class Front final : private Acceptor {
  public:
    /// Takes a connection of the API's. Any thread.
    using Api = std::function<void(Descriptor socket, const Poco::Net::SocketAddress& peer)>;

    /// environment: with the front's port. All references must outlive it. Throws Poco::Net::NetException
    /// when the port is not to be had.
    Front(PipeEnvironment& environment, PipeDirectory& directory, const FrontSettings& settings,
          FrontArrivals& arrivals);

    /// Closes what has not been handed on.
    ~Front();

    /// Accepts connections, and hands those of the API's on; agents and visitors wait. Once.
    void start(Api api);

    /// The mappings are there: from now on agents and visitors are handed on, too.
    void serve();

    /// Accepts none any more, and lets go of those that have not been handed on. Once, after start().
    FrontConnections leave();

    /// Takes those that a front of this or another process has let go of. After start().
    void adopt(FrontConnections connections);

    /// From now on, but for port and domain.
    void change(const FrontSettings& settings);

  private:
    class Arrival;
    using List = std::list<std::shared_ptr<Arrival>>;

    void onAccepted(Descriptor socket, const Poco::Net::SocketAddress& peer,
                    DescriptorBudget::Lease lease) override;
    void route(Arrival& arrival, const ClientHello& hello);
    std::optional<std::string> nameIn(const ClientHello& hello) const;
    void keepUntilServing(Arrival& arrival);
    void visit(Arrival& arrival, const std::string& name);
    void refuseName(Arrival& arrival, const std::string& name);
    bool takeLease(Arrival& arrival);
    void drop(Arrival& arrival, FrontArrival as, const std::string& why, const std::string& details = "");
    void forget(Arrival& arrival);

    PipeEnvironment& _environment;
    PipeDirectory& _directory;
    Reloadable<FrontSettings> _settings;
    Reloadable<TrustedProxies> _proxies;
    FrontArrivals& _arrivals;
    EventLoop& _loop;
    Lifeline _lifeline;
    std::vector<std::unique_ptr<Listener>> _listeners;
    Api _api;
    Newcomers _newcomers;
    AgentDoor _agents;
    std::optional<ProxyEntrance> _entrance; ///< from start() on
    List _waiting;                          ///< for what they say first, or for serve()
    bool _isServing = false;
};

} // namespace connector
