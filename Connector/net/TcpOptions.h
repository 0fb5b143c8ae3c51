#pragma once

#include <chrono>

namespace connector {

/// What every TCP connection of a pipe is set to: no delay for small writes, and dead peers found by the
/// kernel.
struct TcpOptions {
    /// TCP_USER_TIMEOUT: how long sent bytes may go unacknowledged, or the other end take nothing, before the
    /// kernel breaks the connection.
    std::chrono::milliseconds userTimeout{300000};
    /// TCP_KEEPIDLE and TCP_KEEPINTVL, which the kernel counts in whole seconds.
    std::chrono::milliseconds keepaliveIdle{60000};
    std::chrono::milliseconds keepaliveInterval{10000};

    /// Sets them on a TCP socket. Connections that a listening socket accepts inherit them from it (Linux).
    /// False when the kernel refuses (errno says why).
    bool applyTo(int socket) const;
};

} // namespace connector
