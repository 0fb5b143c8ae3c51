#include "net/SocketStream.h"

#include "net/TcpState.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <system_error>
#include <utility>

namespace connector {

namespace {

/// How often it is looked at the peer within the time that the kernel gives it.
constexpr int kLooks = 3;

/// By then the kernel has broken a connection whose peer has not answered.
constexpr std::chrono::milliseconds kProbeTime{6000};

} // namespace

SocketStream::SocketStream(Descriptor socket, const Poco::Net::SocketAddress& peer,
                           DescriptorBudget::Lease lease)
    : _peer(peer), _lease(std::move(lease)), _socket(std::move(socket)), _connected(true), _maySend(true) {}

SocketStream::SocketStream(Descriptor socket, const Poco::Net::SocketAddress& peer)
    : _peer(peer), _socket(std::move(socket)), _connected(false), _maySend(false) {}

SocketStream::~SocketStream() {
    detach();
}

bool SocketStream::attach(EventLoop& loop, StreamHandler& handler) {
    loop.assertInLoopThread();
    _handler = &handler;
    if (_loop == &loop) return true;
    detach();
    _handler = &handler;
    if (!loop.add(_socket.get(), *this)) {
        failed(errno);
        return false;
    }
    _loop = &loop;
    if (_isProbed)
        lookLater(kProbeTime);
    else if (_options && (_isBorne || unacknowledged() > 0))
        lookLater(_options->userTimeout / kLooks);
    return true;
}

void SocketStream::detach() {
    _look.reset();
    if (_loop) _loop->remove(_socket.get(), *this);
    _loop = nullptr;
    _handler = nullptr;
}

Descriptor SocketStream::release() {
    detach();
    return std::move(_socket);
}

SocketStream::Status SocketStream::handshake() {
    assertInLoopThread();
    return _connected ? Status::Ok : finishConnecting();
}

SocketStream::Status SocketStream::sendWire(std::span<const std::byte> head,
                                            std::span<const std::byte> tail) {
    assertInLoopThread();
    if (unsent() == 0) {
        while (!head.empty() || !tail.empty()) {
            const auto sent = sendSome(head, tail);
            if (sent.status == Status::Failed) return Status::Failed;
            if (sent.status != Status::Ok) break;
            const auto ofHead = std::min(sent.bytes, head.size());
            head = head.subspan(ofHead);
            tail = tail.subspan(sent.bytes - ofHead);
        }
        if (head.empty() && tail.empty()) return Status::Ok;
    }
    _unsent.insert(_unsent.end(), head.begin(), head.end());
    _unsent.insert(_unsent.end(), tail.begin(), tail.end());
    return Status::Blocked;
}

Stream::Status SocketStream::flush() {
    assertInLoopThread();
    while (unsent() > 0) {
        const auto sent = sendSome(std::span(_unsent).subspan(_unsentBegin), {});
        if (sent.status != Status::Ok) return sent.status;
        _unsentBegin += sent.bytes;
    }
    std::vector<std::byte>().swap(_unsent); // gives the memory back: a stream that flows keeps nothing
    _unsentBegin = 0;
    return Status::Ok;
}

SocketStream::Received SocketStream::receiveWire(std::span<std::byte> into) {
    assertInLoopThread();
    if (!_mayReceive) return {Status::Blocked, 0};
    const auto received = ::recv(_socket.get(), into.data(), into.size(), 0);
    if (received < 0) {
        if (errno == EINTR) return receiveWire(into);
        if (errno != EAGAIN) return failed(errno);
        _mayReceive = false;
        return {Status::Blocked, 0};
    }
    if (received == 0) return {Status::Ended, 0};
    // A short read has emptied the socket, and what comes later comes with an event; only the end that an
    // event has already told of must still be fetched, and what is behind an urgent byte, where reads end.
    if (static_cast<std::size_t>(received) < into.size()) _mayReceive = _peerHasEnded || _hasUrgent;
    return {Status::Ok, static_cast<std::size_t>(received)};
}

SocketStream::Received SocketStream::sendSome(std::span<const std::byte> head,
                                              std::span<const std::byte> tail) {
    if (!_maySend) return {Status::Blocked, 0};
    // sendmsg() doesn't change what it is given.
    const auto part = [](std::span<const std::byte> bytes) {
        return iovec{const_cast<std::byte*>(bytes.data()), bytes.size()};
    };
    std::array parts{part(head), part(tail)};
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = tail.empty() ? 1 : parts.size();
    const auto sent = ::sendmsg(_socket.get(), &message, MSG_NOSIGNAL);
    if (sent < 0) {
        if (errno == EINTR) return sendSome(head, tail);
        if (errno != EAGAIN) return failed(errno);
        _maySend = false;
        return {Status::Blocked, 0};
    }
    // A short write has met a full send buffer; the kernel tells when there is room again.
    if (static_cast<std::size_t>(sent) < head.size() + tail.size()) _maySend = false;
    if (_options && !_look && _loop) lookLater(_options->userTimeout / kLooks);
    return {Status::Ok, static_cast<std::size_t>(sent)};
}

Stream::Status SocketStream::endSending() {
    assertInLoopThread();
    return ::shutdown(_socket.get(), SHUT_WR) == 0 ? Status::Ok : failed(errno).status;
}

void SocketStream::resetOnClose() {
    const linger now{1, 0};
    ::setsockopt(_socket.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

bool SocketStream::limitUnsent(int bytes) {
    return ::setsockopt(_socket.get(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &bytes, sizeof bytes) == 0;
}

int SocketStream::unacknowledged() const {
    int bytes = 0;
    ::ioctl(_socket.get(), SIOCOUTQ, &bytes);
    return bytes;
}

bool SocketStream::hasUnread() {
    std::byte first{};
    const auto received = ::recv(_socket.get(), &first, sizeof first, MSG_PEEK | MSG_DONTWAIT);
    const bool isUnread = received >= 0 || errno != EAGAIN;
    if (isUnread) _mayReceive = true;
    return isUnread;
}

bool SocketStream::hasEndedUnread() const {
    int unread = 0;
    return _peerHasEnded && ::ioctl(_socket.get(), FIONREAD, &unread) == 0 && unread == 0;
}

std::string SocketStream::failure() const {
    if (_error == 0) return "the peer closed the connection";
    return std::generic_category().message(_error);
}

SocketStream::Received SocketStream::failed(int error) {
    _error = error;
    return {Status::Failed, 0};
}

void SocketStream::onEvents(std::uint32_t events) {
    if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) _mayReceive = true;
    if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) _maySend = true;
    if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) _peerHasEnded = true;
    if (events & EPOLLERR) _isBroken = true;
    if (events & EPOLLPRI) _hasUrgent = true;
    _handler->onReady(*this);
}

void SocketStream::probe() {
    if (!_options || !_loop) return;
    const auto state = TcpState::of(_socket.get());
    if (state && state->isUnanswered) return breakConnection();
    TcpOptions::probe(_socket.get());
    _isProbed = true;
    lookLater(kProbeTime);
}

void SocketStream::lookLater(std::chrono::milliseconds time) {
    if (!_look) _look = std::make_unique<Timer>(*_loop, [this] { look(); });
    _look->start(time);
}

void SocketStream::look() {
    const auto state = TcpState::of(_socket.get());
    if (!state) return stopLooking();
    if (std::exchange(_isProbed, false)) {
        if (state->isUnanswered) return breakConnection();
        _options->applyTo(_socket.get());
        _isBorne = false;
    }
    if (state->isBlockedByPeer != _isBorne) {
        _isBorne = state->isBlockedByPeer;
        TcpOptions::setUserTimeout(_socket.get(), _isBorne ? _options->slowPeer : _options->userTimeout);
    }
    if (!state->isOutstanding) return stopLooking();
    lookLater(_options->userTimeout / kLooks);
}

/// It is the timer that calls.
void SocketStream::stopLooking() {
    _loop->destroyLater(std::shared_ptr<Timer>(std::move(_look)));
}

/// As if the peer had done it: the handler hears of it by an event.
void SocketStream::breakConnection() {
    sockaddr none{};
    none.sa_family = AF_UNSPEC;
    ::connect(_socket.get(), &none, sizeof none);
}

/// While a socket connects, Linux reports nothing of it; then EPOLLOUT, with EPOLLERR when it has failed.
SocketStream::Status SocketStream::finishConnecting() {
    if (_isBroken) {
        int error = 0;
        socklen_t size = sizeof error;
        ::getsockopt(_socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
        return failed(error).status;
    }
    _connected = _maySend;
    return _connected ? Status::Ok : Status::Blocked;
}

} // namespace connector
