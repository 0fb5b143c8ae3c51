#pragma once

#include "agent/proxy/HttpProxy.h"

#include <Poco/Net/Context.h>
#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/NetException.h>
#include <Poco/URI.h>

#include <string>

namespace connector {

/// A proxy has not connected. message(): which one, to what, and why.
class ProxyFailure : public Poco::Net::NetException {
  public:
    using NetException::NetException;
};

/// HTTP, or HTTPS, with a server that a proxy connects to: it is asked as for all other connections of the
/// agent, whatever is spoken through it. Its requests throw ProxyFailure where others throw that nobody
/// answers.
class ProxiedSession final : public Poco::Net::HTTPClientSession {
  public:
    /// server: a host and a port. tls: null for plain HTTP.
    ProxiedSession(const Poco::URI& server, const HttpProxy& proxy, const Poco::Net::Context::Ptr& tls);
    ~ProxiedSession() override;
    ProxiedSession(const ProxiedSession&) = delete;
    ProxiedSession& operator=(const ProxiedSession&) = delete;

  private:
    void connect(const Poco::Net::SocketAddress& address) override;
    std::string proxyRequestPrefix() const override { return ""; }
    void proxyAuthenticate(Poco::Net::HTTPRequest&) override {}
    void openTunnel();

    const HttpProxy _proxy;
    const std::string _target; ///< "host:port", an IPv6 address in brackets
    const Poco::Net::Context::Ptr _tls;
};

} // namespace connector
