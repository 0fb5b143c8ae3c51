#include "Channel.h"

#include <array>
#include <cerrno>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>

namespace bench {

namespace {

constexpr std::size_t kDiscardSize = 512 * 1024;

void orThrow(int result, const char* what) {
    if (result < 0) throw std::system_error(errno, std::generic_category(), what);
}

const sockaddr* generic(const sockaddr_in& address) {
    return reinterpret_cast<const sockaddr*>(&address);
}

} // namespace

Channel::Channel(Loop& loop, const sockaddr_in& from, const sockaddr_in& to, Tls* tls)
    : _loop(loop), _descriptor(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)),
      _waitsFor(EPOLLOUT) {
    orThrow(_descriptor, "socket");
    const int on = 1;
    ::setsockopt(_descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    // The port is chosen when it connects, so that each address has all ports for each destination.
    ::setsockopt(_descriptor, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    orThrow(::bind(_descriptor, generic(from), sizeof from), "bind");
    if (::connect(_descriptor, generic(to), sizeof to) < 0 && errno != EINPROGRESS) orThrow(-1, "connect");
    if (tls) _ssl = tls->connection(_descriptor);
}

Channel::Channel(Loop& loop, int descriptor, Tls* tls)
    : _loop(loop), _descriptor(descriptor), _waitsFor(EPOLLIN) {
    const int on = 1;
    ::setsockopt(_descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (tls) _ssl = tls->connection(_descriptor);
}

void Channel::start() {
    // Over loopback a connection is made by the time that connect(2) returns.
    if (!_ssl) _isConnected = onConnected();
    if (_isOver) return;
    _loop.add(_descriptor, _waitsFor, *this);
    _isWatched = true;
}

Channel::~Channel() {
    // OpenSSL never resumes the session of a connection that was not closed in order.
    if (_ssl && _isConnected) ::SSL_shutdown(_ssl);
    ::SSL_free(_ssl);
    ::close(_descriptor);
}

void Channel::wait(std::uint32_t events) {
    if (events == _waitsFor) return;
    _waitsFor = events;
    if (_isWatched) _loop.change(_descriptor, events, *this);
}

long Channel::receive(std::span<char> into) {
    if (_ssl) return result(::SSL_read(_ssl, into.data(), static_cast<int>(into.size())));
    const auto received = ::recv(_descriptor, into.data(), into.size(), 0);
    if (received > 0) return received;
    return received < 0 && errno == EAGAIN ? 0 : -1;
}

long Channel::discard() {
    static thread_local std::array<char, kDiscardSize> buffer;
    if (_ssl) return receive(buffer);
    const auto received = ::recv(_descriptor, buffer.data(), buffer.size(), MSG_TRUNC);
    if (received > 0) return received;
    return received < 0 && errno == EAGAIN ? 0 : -1;
}

long Channel::send(std::string_view bytes) {
    if (_ssl) return result(::SSL_write(_ssl, bytes.data(), static_cast<int>(bytes.size())));
    const auto sent = ::send(_descriptor, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent >= 0) return sent;
    return errno == EAGAIN ? 0 : -1;
}

void Channel::onEvents(std::uint32_t events) {
    if (_isOver) return;
    if (!_isConnected)
        shake();
    else
        onReady(events);
}

void Channel::shake() {
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(_descriptor, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return onClosed();
    if (_ssl) {
        const auto shaken = result(::SSL_do_handshake(_ssl));
        if (shaken < 0) return onClosed();
        if (shaken == 0) return wait(SSL_want_write(_ssl) ? EPOLLOUT : EPOLLIN);
    }
    _isConnected = onConnected();
}

long Channel::result(int result) {
    if (result > 0) return result;
    const int error = ::SSL_get_error(_ssl, result);
    return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? 0 : -1;
}

} // namespace bench
