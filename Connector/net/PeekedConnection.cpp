#include "net/PeekedConnection.h"

#include <cerrno>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <utility>

namespace connector {

PeekedConnection::PeekedConnection(EventLoop& loop, Descriptor socket_, const Poco::Net::SocketAddress& peer_,
                                   DescriptorBudget::Lease lease_)
    : lease(std::move(lease_)), socket(std::move(socket_)), peer(peer_), _loop(loop) {}

PeekedConnection::~PeekedConnection() {
    stop();
}

bool PeekedConnection::watch() {
    return _isWatched = _loop.add(socket.get(), *this);
}

void PeekedConnection::stop() {
    _isStopped = true;
    if (std::exchange(_isWatched, false)) _loop.remove(socket.get(), *this);
}

ssize_t PeekedConnection::peek(std::span<std::byte> into) const {
    const auto received = ::recv(socket.get(), into.data(), into.size(), MSG_PEEK | MSG_DONTWAIT);
    return received < 0 && errno == EINTR ? peek(into) : received;
}

std::size_t PeekedConnection::available() const {
    int bytes = 0;
    ::ioctl(socket.get(), FIONREAD, &bytes);
    return static_cast<std::size_t>(bytes);
}

void PeekedConnection::take(std::span<std::byte> bytes) const {
    const auto received = ::recv(socket.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (received < 0 && errno == EINTR) return take(bytes);
    if (received <= 0) return; // it is broken, as whoever gets it will see
    if (const auto left = bytes.subspan(static_cast<std::size_t>(received)); !left.empty()) take(left);
}

void PeekedConnection::onEvents(std::uint32_t events) {
    if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) _hasEnded = true;
    if (events & ~EPOLLOUT) look();
}

} // namespace connector
