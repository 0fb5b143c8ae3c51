#include "net/Listener.h"

#include <Poco/Exception.h>

#include <cerrno>
#include <sys/socket.h>

namespace connector {

namespace {

/// Connections accepted in one go before the loop's other descriptors get their turn.
constexpr int kAcceptsPerTurn = 64;
constexpr std::chrono::milliseconds kRetry{100};

/// Errors that belong to one connection, which was gone before it was accepted; the next one may be well.
bool concernsOneConnection(int error) {
    return error == ECONNABORTED || error == EINTR || error == EPROTO;
}

} // namespace

Listener::Listener(ListeningSockets& sockets, const Poco::Net::SocketAddress& address,
                   const ListeningSockets::Settings& settings, DescriptorBudget* budget)
    : _sockets(sockets), _budget(budget) {
    if (budget) {
        _lease = budget->take();
        if (!_lease) throw Poco::IOException("no descriptor left for another port");
    }
    _socket = _sockets.open(address, settings);
}

Listener::~Listener() {
    // Even a socket that is closed here may be open in another process, and would go on being watched.
    if (_loop) _loop->remove(_socket.impl()->sockfd(), *this);
    _sockets.release(_socket);
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
    if (_sockets.isAcceptingPaused() || (_budget && !(lease = _budget->take()))) {
        _retry->start(kRetry);
        return false;
    }
    sockaddr_storage address{};
    socklen_t length = sizeof address;
    Descriptor accepted(::accept4(_socket.impl()->sockfd(), reinterpret_cast<sockaddr*>(&address), &length,
                                  SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (accepted.get() < 0) {
        if (concernsOneConnection(errno)) return true;
        if (errno != EAGAIN) _retry->start(kRetry);
        return false;
    }
    _acceptor->onAccepted(std::move(accepted),
                          Poco::Net::SocketAddress(reinterpret_cast<const sockaddr*>(&address), length),
                          std::move(lease));
    return true;
}

} // namespace connector
