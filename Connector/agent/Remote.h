#pragma once

#include "agent/Resolver.h"
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
    /// port: 0 for a Unix socket (Resolver::kUnix). tls: the context of makeClientContext(), or null for
    /// plain TCP. certificateName: whose certificate it must show; empty: the host's. alpn: what TLS offers;
    /// empty: nothing.
    Remote(std::string host, std::uint16_t port, Poco::Net::Context::Ptr tls,
           std::string certificateName = "", const std::vector<std::string>& alpn = {});

    /// New connections use this context instead, and resume no session that was made with another one.
    void use(Poco::Net::Context::Ptr tls);

    const std::string& host() const { return _host; }
    std::uint16_t port() const { return _port; }

    /// "host:port", or "unix:/path", for messages.
    std::string name() const;

    /// A stream that connects to one of the host's addresses; SocketStream::handshake() goes on with it.
    /// Throws std::system_error, with the address in its text, when the kernel refuses at once, or there is
    /// no memory for TLS.
    std::unique_ptr<SocketStream> connectTo(const Poco::Net::SocketAddress& address) const;

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
    std::optional<Poco::Net::SocketAddress> _address;
    std::unique_ptr<SocketStream> streamTo(const Poco::Net::SocketAddress& address) const;

    std::shared_ptr<SSL_SESSION> _session;
};

} // namespace connector
