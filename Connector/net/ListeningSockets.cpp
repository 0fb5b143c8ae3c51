#include "net/ListeningSockets.h"

#include <Poco/Net/NetException.h>
#include <Poco/Net/ServerSocketImpl.h>

#include <cerrno>
#include <netinet/in.h>
#include <sys/socket.h>
#include <system_error>

namespace connector {

namespace {

/// Of a socket that listens already; POCO's own makes one.
class AdoptedSocketImpl final : public Poco::Net::ServerSocketImpl {
  public:
    /// The descriptor becomes its own.
    explicit AdoptedSocketImpl(int descriptor) { reset(descriptor); }
};

class AdoptedSocket final : public Poco::Net::ServerSocket {
  public:
    explicit AdoptedSocket(int descriptor) : ServerSocket(new AdoptedSocketImpl(descriptor), true) {}
};

int descriptorOf(const Poco::Net::ServerSocket& socket) {
    return socket.impl()->sockfd();
}

bool isV6Only(const Poco::Net::ServerSocket& socket) {
    int value = 0;
    socklen_t size = sizeof value;
    return ::getsockopt(descriptorOf(socket), IPPROTO_IPV6, IPV6_V6ONLY, &value, &size) == 0 && value != 0;
}

/// SO_REUSEADDR for connections of an earlier process that still linger; never SO_REUSEPORT, which would let
/// another process of the same user share the port.
Poco::Net::ServerSocket newSocket(const Poco::Net::SocketAddress& address, bool v6Only) {
    Poco::Net::ServerSocket socket;
    if (address.family() == Poco::Net::SocketAddress::IPv6)
        socket.bind6(address, true, false, v6Only);
    else
        socket.bind(address, true, false);
    return socket;
}

} // namespace

Poco::Net::ServerSocket ListeningSockets::open(const Poco::Net::SocketAddress& address,
                                               const Settings& settings) {
    const bool isV6 = address.family() == Poco::Net::SocketAddress::IPv6;
    const std::lock_guard lock(_mutex);
    auto [next, end] = _kept.equal_range(address.toString());
    while (next != end && isV6 && isV6Only(next->second) != settings.v6Only)
        ++next;
    auto socket = next != end ? _kept.extract(next).mapped() : newSocket(address, settings.v6Only);
    if (!settings.tcp.applyTo(descriptorOf(socket)))
        throw Poco::Net::NetException("can't set the TCP options", std::generic_category().message(errno));
    socket.setBlocking(false);
    socket.listen(settings.backlog);
    _open.emplace(descriptorOf(socket), socket);
    return socket;
}

void ListeningSockets::release(const Poco::Net::ServerSocket& socket) {
    const std::lock_guard lock(_mutex);
    _open.erase(descriptorOf(socket));
    if (_keepsReleased) _kept.emplace(socket.address().toString(), socket);
}

void ListeningSockets::adopt(Descriptor socket) {
    const AdoptedSocket adopted(socket.release());
    const std::lock_guard lock(_mutex);
    _kept.emplace(adopted.address().toString(), adopted);
}

void ListeningSockets::keepReleased() {
    const std::lock_guard lock(_mutex);
    _keepsReleased = true;
}

void ListeningSockets::closeKept() {
    const std::lock_guard lock(_mutex);
    _keepsReleased = false;
    _kept.clear();
}

std::vector<Poco::Net::ServerSocket> ListeningSockets::all() const {
    const std::lock_guard lock(_mutex);
    std::vector<Poco::Net::ServerSocket> sockets;
    for (const auto& [descriptor, socket] : _open)
        sockets.push_back(socket);
    for (const auto& [address, socket] : _kept)
        sockets.push_back(socket);
    return sockets;
}

} // namespace connector
