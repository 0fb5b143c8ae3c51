#include "net/Stream.h"

#include <cerrno>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <system_error>

namespace connector {

Stream::Stream(const Poco::Net::StreamSocket& socket, const Poco::Net::SocketAddress& peer,
               DescriptorBudget::Lease lease)
    : _socket(socket), _peer(peer), _lease(std::move(lease)), _descriptor(socket.impl()->sockfd()),
      _connected(true) {}

Stream::Stream(const Poco::Net::StreamSocket& socket, const Poco::Net::SocketAddress& peer)
    : _socket(socket), _peer(peer), _descriptor(socket.impl()->sockfd()), _connected(false) {}

Stream::~Stream() {
    detach();
}

bool Stream::attach(EventLoop& loop, StreamHandler& handler) {
    _handler = &handler;
    if (_loop == &loop) return true;
    detach();
    _handler = &handler;
    if (!loop.add(_descriptor, *this)) {
        failed(errno);
        return false;
    }
    _loop = &loop;
    return true;
}

void Stream::detach() {
    if (_loop) _loop->remove(_descriptor, *this);
    _loop = nullptr;
    _handler = nullptr;
}

Stream::Status Stream::handshake() {
    return _connected ? Status::Ok : finishConnecting();
}

Stream::Status Stream::send(std::span<const std::byte> bytes) {
    if (unsent() == 0) {
        while (!bytes.empty()) {
            const auto sent = sendSome(bytes);
            if (sent.status == Status::Failed) return Status::Failed;
            if (sent.status != Status::Ok) break;
            bytes = bytes.subspan(sent.bytes);
        }
        if (bytes.empty()) return Status::Ok;
    }
    _unsent.insert(_unsent.end(), bytes.begin(), bytes.end());
    return Status::Blocked;
}

Stream::Status Stream::flush() {
    while (unsent() > 0) {
        const auto sent = sendSome(std::span(_unsent).subspan(_unsentBegin));
        if (sent.status != Status::Ok) return sent.status;
        _unsentBegin += sent.bytes;
    }
    _unsent = {}; // gives the memory back: a stream that flows keeps nothing
    _unsentBegin = 0;
    return Status::Ok;
}

Stream::Status Stream::endSending() {
    return ::shutdown(_descriptor, SHUT_WR) == 0 ? Status::Ok : failed(errno).status;
}

void Stream::resetOnClose() {
    const linger now{1, 0};
    ::setsockopt(_descriptor, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

int Stream::unacknowledged() const {
    int bytes = 0;
    ::ioctl(_descriptor, SIOCOUTQ, &bytes);
    return bytes;
}

bool Stream::hasEndedUnread() const {
    int unread = 0;
    return _peerHasEnded && ::ioctl(_descriptor, FIONREAD, &unread) == 0 && unread == 0;
}

std::string Stream::failure() const {
    return std::generic_category().message(_error);
}

Stream::Received Stream::failed(int error) {
    _error = error;
    return {Status::Failed, 0};
}

void Stream::onEvents(std::uint32_t events) {
    if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) _mayReceive = true;
    if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) _maySend = true;
    if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) _peerHasEnded = true;
    if (events & EPOLLERR) _isBroken = true;
    _handler->onReady(*this);
}

Stream::Status Stream::finishConnecting() {
    int error = 0;
    socklen_t size = sizeof error;
    if (::getsockopt(_descriptor, SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
    if (error != 0) return failed(error).status;
    // A socket that is still connecting has no peer yet.
    sockaddr_storage address{};
    socklen_t length = sizeof address;
    _connected = ::getpeername(_descriptor, reinterpret_cast<sockaddr*>(&address), &length) == 0;
    return _connected ? Status::Ok : Status::Blocked;
}

} // namespace connector
