#pragma once

#include "agent/Resolver.h"
#include "agent/proxy/HttpProxy.h"
#include "base/Descriptor.h"
#include "net/AlpnProtocols.h"
#include "net/SocketStream.h"

#include <Poco/Net/Context.h>

#include <memory>
#include <openssl/ssl.h>
#include <optional>
#include <string>
#include <vector>

namespace connector {

/// A place to dial, with or without TLS, and what earlier connections to it have taught. Shared by all
/// connections to that place; on one loop's thread.
class Remote {
  public:
    struct Options {
        /// Whose certificate it must show; empty: the host's.
        std::string certificateName{};
        /// What TLS offers; empty: nothing.
        std::vector<std::string> alpn{};
        /// Which connects to it; none: we do.
        std::optional<HttpProxy> proxy{};
    };

    /// port: 0 for a Unix socket (Resolver::kUnix). tls: the context of makeClientContext(), or null for
    /// plain TCP.
    Remote(std::string host, std::uint16_t port, Poco::Net::Context::Ptr tls, const Options& options);
    Remote(std::string host, std::uint16_t port, Poco::Net::Context::Ptr tls)
        : Remote(std::move(host), port, std::move(tls), Options()) {}

    /// New connections use this context instead, and resume no session that was made with another one.
    void use(Poco::Net::Context::Ptr tls);

    const std::optional<HttpProxy>& proxy() const { return _proxy; }

    /// Where connections go first: to the proxy, if there is one.
    const std::string& nextHost() const { return _proxy ? _proxy->host : _host; }
    std::uint16_t nextPort() const { return _proxy ? _proxy->port : _port; }

    /// "host:port", an IPv6 address in brackets, or "unix:/path".
    std::string name() const;

    /// A stream that connects to one of nextHost()'s addresses; SocketStream::handshake() goes on with it. To
    /// a proxy it is plain. Throws std::system_error, with the address in its text, when the kernel refuses
    /// at once, or there is no memory for TLS.
    std::unique_ptr<SocketStream> connectTo(const Poco::Net::SocketAddress& address) const;

    /// A stream over a connection that a proxy at this address has made; the rest is as above.
    std::unique_ptr<SocketStream> connectThrough(Descriptor socket,
                                                 const Poco::Net::SocketAddress& address) const;

    /// Puts the address that worked last first.
    void order(Resolver::Addresses& addresses) const;

    /// The stream, made by connectTo(), has proved to be good: its address is tried first from now on, and
    /// its TLS session is resumed, unless it was made with another context than the one in use.
    void remember(const Stream& stream);

  private:
    const std::string _host;
    const std::uint16_t _port;
    Poco::Net::Context::Ptr _tls;
    const std::string _certificateName;
    std::shared_ptr<const AlpnProtocols> _alpn; ///< or null
    const std::optional<HttpProxy> _proxy;
    std::optional<Poco::Net::SocketAddress> _address;
    std::shared_ptr<SSL_SESSION> _session;
};

} // namespace connector
