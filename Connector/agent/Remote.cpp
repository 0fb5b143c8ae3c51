#include "agent/Remote.h"

#include "net/PlainStream.h"
#include "net/TcpOptions.h"
#include "net/TlsStream.h"

#include <Poco/Net/NetException.h>

#include <algorithm>

namespace connector {

Remote::Remote(std::string host, std::uint16_t port, Poco::Net::Context::Ptr tls)
    : _host(std::move(host)), _port(port), _tls(std::move(tls)) {}

std::string Remote::name() const {
    return _host + ":" + std::to_string(_port);
}

std::unique_ptr<Stream> Remote::connectTo(const Poco::Net::SocketAddress& address) const {
    Poco::Net::StreamSocket socket;
    socket.connectNB(address);
    // Where nobody listens on a local port, the kernel may pick that very port for our end, and the socket is
    // then connected with itself: it would answer with an echo, and keep the port from whoever should listen.
    if (socket.address() == address) throw Poco::Net::ConnectionRefusedException(address.toString());
    TcpOptions().applyTo(socket);
    if (!_tls) return std::make_unique<PlainStream>(socket, address);
    return std::make_unique<TlsStream>(socket, address, _tls->sslContext(), _host, _session.get());
}

void Remote::order(Resolver::Addresses& addresses) const {
    std::stable_partition(addresses.begin(), addresses.end(),
                          [&](const auto& address) { return address == _address; });
}

void Remote::remember(const Stream& stream) {
    _address = stream.peer();
    if (const auto* tls = dynamic_cast<const TlsStream*>(&stream)) _session = tls->session();
}

} // namespace connector
