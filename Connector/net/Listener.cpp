#include "net/Listener.h"

#include <Poco/Exception.h>
#include <Poco/Net/NetException.h>

#include <cerrno>
#include <sys/socket.h>
#include <system_error>

namespace connector {

namespace {

/// Connections accepted in one go before the loop's other descriptors get their turn.
constexpr int kAcceptsPerTurn = 64;
constexpr std::chrono::milliseconds kDescriptorRetry{100};

/// Errors that belong to one connection, which was gone before it was accepted; the next one may be well.
bool concernsOneConnection(int error) {
    return error == ECONNABORTED || error == EINTR || error == EPROTO;
}

} // namespace

Listener::Listener(const Poco::Net::SocketAddress& address, bool v6Only, int backlog,
                   const TcpOptions& options, DescriptorBudget* budget)
    : _budget(budget) {
    if (budget) {
        _lease = budget->take();
        if (!_lease) throw Poco::IOException("no descriptor left for another port");
    }
    // SO_REUSEADDR for connections of an earlier process that still linger; never SO_REUSEPORT, which would
    // let another process of the same user share the port.
    if (address.family() == Poco::Net::SocketAddress::IPv6)
        _socket.bind6(address, true, false, v6Only);
    else
        _socket.bind(address, true, false);
    if (!options.applyTo(_socket.impl()->sockfd()))
        throw Poco::Net::NetException("can't set the TCP options", std::generic_category().message(errno));
    _socket.setBlocking(false);
    _socket.listen(backlog);
}

Listener::~Listener() {
    if (_loop) _loop->remove(_socket.impl()->sockfd(), *this);
}

bool Listener::start(EventLoop& loop, Acceptor& acceptor) {
    _acceptor = &acceptor;
    _retry.emplace(loop, [this] { onEvents(0); });
    if (!loop.add(_socket.impl()->sockfd(), *this)) return false;
    _loop = &loop;
    return true;
}

void Listener::change(int backlog, const TcpOptions& options) {
    options.applyTo(_socket.impl()->sockfd());
    ::listen(_socket.impl()->sockfd(), backlog); // listen(2) again sets the backlog
}

void Listener::onEvents(std::uint32_t) {
    for (int i = 0; i < kAcceptsPerTurn; ++i)
        if (!acceptOne()) return;
    _loop->again(*this);
}

bool Listener::acceptOne() {
    DescriptorBudget::Lease lease;
    if (_budget && !(lease = _budget->take())) {
        _retry->start(kDescriptorRetry);
        return false;
    }
    sockaddr_storage address{};
    socklen_t length = sizeof address;
    Descriptor accepted(::accept4(_socket.impl()->sockfd(), reinterpret_cast<sockaddr*>(&address), &length,
                                  SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (accepted.get() < 0) {
        if (concernsOneConnection(errno)) return true;
        if (errno != EAGAIN) _retry->start(kDescriptorRetry);
        return false;
    }
    _acceptor->onAccepted(std::move(accepted),
                          Poco::Net::SocketAddress(reinterpret_cast<const sockaddr*>(&address), length),
                          std::move(lease));
    return true;
}

} // namespace connector
