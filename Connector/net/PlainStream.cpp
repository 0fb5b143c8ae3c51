#include "net/PlainStream.h"

#include <cerrno>
#include <sys/socket.h>

namespace connector {

Stream::Received PlainStream::receive(std::span<std::byte> into) {
    if (!_mayReceive) return {Status::Blocked, 0};
    const auto received = ::recv(descriptor(), into.data(), into.size(), 0);
    if (received < 0) {
        if (errno == EINTR) return receive(into);
        if (errno != EAGAIN) return failed(errno);
        _mayReceive = false;
        return {Status::Blocked, 0};
    }
    if (received == 0) return {Status::Ended, 0};
    // A short read has emptied the socket, and what comes later comes with an event; only the end that an
    // event has already told of must still be fetched.
    if (static_cast<std::size_t>(received) < into.size()) _mayReceive = _peerHasEnded;
    return {Status::Ok, static_cast<std::size_t>(received)};
}

Stream::Received PlainStream::sendSome(std::span<const std::byte> bytes) {
    if (!_maySend) return {Status::Blocked, 0};
    const auto sent = ::send(descriptor(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0) {
        if (errno == EINTR) return sendSome(bytes);
        if (errno != EAGAIN) return failed(errno);
        _maySend = false;
        return {Status::Blocked, 0};
    }
    // A short write has met a full send buffer; the kernel tells when there is room again.
    if (static_cast<std::size_t>(sent) < bytes.size()) _maySend = false;
    return {Status::Ok, static_cast<std::size_t>(sent)};
}

} // namespace connector
