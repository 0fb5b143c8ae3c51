#include "net/TcpOptions.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace connector {

namespace {

int wholeSeconds(std::chrono::milliseconds time) {
    return static_cast<int>(std::chrono::ceil<std::chrono::seconds>(time).count());
}

bool set(int socket, int level, int option, int value) {
    return ::setsockopt(socket, level, option, &value, sizeof value) == 0;
}

} // namespace

bool TcpOptions::applyTo(int socket) const {
    return set(socket, IPPROTO_TCP, TCP_NODELAY, 1) && set(socket, SOL_SOCKET, SO_KEEPALIVE, 1) &&
           set(socket, SOL_SOCKET, SO_OOBINLINE, 1) && // urgent bytes are bytes of the stream, too
           set(socket, IPPROTO_TCP, TCP_KEEPIDLE, wholeSeconds(keepaliveIdle)) &&
           set(socket, IPPROTO_TCP, TCP_KEEPINTVL, wholeSeconds(keepaliveInterval)) &&
           set(socket, IPPROTO_TCP, TCP_NOTSENT_LOWAT, unsent) &&
           set(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(userTimeout.count())) &&
           (kernelBuffer == 0 || (set(socket, SOL_SOCKET, SO_SNDBUF, kernelBuffer) &&
                                  set(socket, SOL_SOCKET, SO_RCVBUF, kernelBuffer)));
}

} // namespace connector
