#include "agent/Remote.h"

#include "base/PeerAddress.h"
#include "net/PlainStream.h"
#include "net/TcpOptions.h"
#include "net/TlsStream.h"

#include <algorithm>
#include <cerrno>
#include <new>
#include <sys/socket.h>
#include <system_error>

namespace connector {

namespace {

const TcpOptions kOptions;

bool isBoundTo(const Descriptor& socket, const Poco::Net::SocketAddress& address) {
    sockaddr_storage own{};
    socklen_t length = sizeof own;
    return ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&own), &length) == 0 &&
           Poco::Net::SocketAddress(reinterpret_cast<const sockaddr*>(&own), length) == address;
}

/// A socket that connects to the address.
Descriptor connecting(const Poco::Net::SocketAddress& address) {
    const auto refuse = [&](int error) {
        throw std::system_error(error, std::generic_category(), inWords(address));
    };
    Descriptor socket(::socket(address.af(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    const bool isLocal = address.family() == Poco::Net::SocketAddress::UNIX_LOCAL;
    if (socket.get() < 0 || (!isLocal && !kOptions.applyTo(socket.get()))) refuse(errno);
    if (::connect(socket.get(), address.addr(), address.length()) != 0 && errno != EINPROGRESS) refuse(errno);
    if (isLocal) return socket;
    // Where nobody listens on a local port, the kernel may pick that very port for our end, and the socket is
    // then connected with itself: it would answer with an echo, and keep the port from whoever should listen.
    if (isBoundTo(socket, address)) refuse(ECONNREFUSED);
    return socket;
}

} // namespace

Remote::Remote(std::string host, std::uint16_t port, Poco::Net::Context::Ptr tls, const Options& options)
    : _host(std::move(host)), _port(port), _tls(std::move(tls)),
      _certificateName(options.certificateName.empty() ? _host : options.certificateName),
      _alpn(options.alpn.empty() ? nullptr : std::make_shared<const AlpnProtocols>(options.alpn)),
      _proxy(options.proxy) {}

/// A resumed handshake shows no certificate, so a session would bring in the trust that it was made with.
void Remote::use(Poco::Net::Context::Ptr tls) {
    _tls = std::move(tls);
    _session.reset();
}

std::string Remote::name() const {
    return _port == 0 ? _host : _host + ":" + std::to_string(_port);
}

std::string Remote::authority() const {
    return HttpProxy::target(_host, _port);
}

std::unique_ptr<SocketStream> Remote::connectTo(const Poco::Net::SocketAddress& address) const {
    auto socket = connecting(address);
    if (_proxy) return std::make_unique<PlainStream>(std::move(socket), address);
    return connectThrough(std::move(socket), address);
}

std::unique_ptr<SocketStream> Remote::connectThrough(Descriptor socket,
                                                     const Poco::Net::SocketAddress& address) const {
    std::unique_ptr<SocketStream> stream;
    try {
        if (_tls)
            stream = std::make_unique<TlsStream>(std::move(socket), address, _tls->sslContext(),
                                                 _certificateName, _session.get(), _alpn.get());
        else
            stream = std::make_unique<PlainStream>(std::move(socket), address);
    } catch (const std::bad_alloc&) {
        throw std::system_error(ENOMEM, std::generic_category(), address.toString());
    }
    stream->bearSlowPeer(kOptions);
    return stream;
}

void Remote::order(Resolver::Addresses& addresses) const {
    std::stable_partition(addresses.begin(), addresses.end(),
                          [&](const auto& address) { return address == _address; });
}

void Remote::remember(const Stream& stream) {
    _address = stream.peer();
    const auto* tls = dynamic_cast<const TlsStream*>(&stream);
    if (tls && _tls && tls->isOf(_tls->sslContext())) _session = tls->session();
}

} // namespace connector
