#pragma once

#include "base/Reloadable.h"
#include "net/LimitedLog.h"
#include "net/Listener.h"
#include "net/TrustedProxies.h"

#include <functional>
#include <list>
#include <memory>
#include <string>

namespace connector {

/// Between the listeners of a port and whoever takes their connections. Those from a trusted proxy must begin
/// with a header of the PROXY protocol (IncomingProxyHeader): they are handed on when it has come, without
/// it, as connections of whom it names. One that has none is closed. All others are handed on as they are,
/// and not a byte of them is looked at. Lives on the listeners' loop.
class ProxyEntrance final : public Acceptor {
  public:
    /// log: is told of connections that are closed. All references must outlive it.
    ProxyEntrance(EventLoop& loop, const Reloadable<TrustedProxies>& proxies, Acceptor& acceptor,
                  LimitedLog& log);
    ~ProxyEntrance();

    void onAccepted(Descriptor socket, const Poco::Net::SocketAddress& peer,
                    DescriptorBudget::Lease lease) override;

    /// Connections whose header has not come.
    std::size_t count() const { return _waiting.size(); }

    /// Lets go of the connections whose header has not come, and calls the function with each, and its proxy.
    using Take = std::function<void(Descriptor socket, const Poco::Net::SocketAddress& proxy)>;
    void leave(const Take& take);

    /// Closes the connections whose header has not come.
    void closeAll();

  private:
    class Waiting;
    using List = std::list<std::shared_ptr<Waiting>>; ///< the oldest first

    void enter(Waiting& waiting, const Poco::Net::SocketAddress& from);
    void reject(Waiting& waiting, const std::string& problem, const std::string& details = "");
    void remove(Waiting& waiting);

    EventLoop& _loop;
    const Reloadable<TrustedProxies>& _proxies;
    Acceptor& _acceptor;
    LimitedLog& _log;
    List _waiting;
};

} // namespace connector
