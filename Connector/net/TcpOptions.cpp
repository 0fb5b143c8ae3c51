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

/// As the kernel has it (net.ipv4.tcp_keepalive_probes); TCP_USER_TIMEOUT comes before it.
constexpr int kKeepalives = 9;
constexpr int kProbes = 4;

} // namespace

bool TcpOptions::applyTo(int socket) const {
    return set(socket, IPPROTO_TCP, TCP_NODELAY, 1) && set(socket, SOL_SOCKET, SO_KEEPALIVE, 1) &&
           set(socket, SOL_SOCKET, SO_OOBINLINE, 1) && // urgent bytes are bytes of the stream, too
           set(socket, IPPROTO_TCP, TCP_KEEPIDLE, wholeSeconds(keepaliveIdle)) &&
           set(socket, IPPROTO_TCP, TCP_KEEPINTVL, wholeSeconds(keepaliveInterval)) &&
           set(socket, IPPROTO_TCP, TCP_KEEPCNT, kKeepalives) &&
           set(socket, IPPROTO_TCP, TCP_NOTSENT_LOWAT, unsent) &&
           set(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(userTimeout.count())) &&
           (kernelBuffer == 0 || (set(socket, SOL_SOCKET, SO_SNDBUF, kernelBuffer) &&
                                  set(socket, SOL_SOCKET, SO_RCVBUF, kernelBuffer)));
}

void TcpOptions::setUserTimeout(int socket, std::chrono::milliseconds time) {
    set(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(time.count()));
}

/// With TCP_USER_TIMEOUT the first question without an answer would be the last one, after a long silence.
void TcpOptions::probe(int socket) {
    setUserTimeout(socket, {});
    set(socket, IPPROTO_TCP, TCP_KEEPCNT, kProbes);
    set(socket, IPPROTO_TCP, TCP_KEEPINTVL, 1);
    set(socket, IPPROTO_TCP, TCP_KEEPIDLE, 1);
}

} // namespace connector
