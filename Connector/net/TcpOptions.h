#pragma once

#include <chrono>

namespace connector {

/// What every TCP connection of a pipe is set to: no delay for small writes, dead peers found by the kernel,
/// and little that waits in it for slow ones.
struct TcpOptions {
    /// TCP_USER_TIMEOUT: how long sent bytes may go unacknowledged, or the peer take nothing, before the
    /// kernel breaks the connection.
    std::chrono::milliseconds userTimeout{300000};
    /// TCP_KEEPIDLE and TCP_KEEPINTVL, which the kernel counts in whole seconds.
    std::chrono::milliseconds keepaliveIdle{60000};
    std::chrono::milliseconds keepaliveInterval{10000};
    /// TCP_NOTSENT_LOWAT: bytes of one connection that the kernel takes before it can send them. What is
    /// under way doesn't count, so a long line is filled all the same. Left alone it would be all of tcp_wmem
    /// (4 MiB), and the more waits there, the colder it is in the CPU's caches when it goes.
    int unsent = 512 * 1024;
    /// SO_SNDBUF and SO_RCVBUF: bytes of one connection that the kernel keeps in each direction; 0: as many
    /// as it sees fit (tcp_wmem, tcp_rmem). It takes as much again for its bookkeeping.
    int kernelBuffer = 0;

    /// Sets them on a TCP socket, before it listens or connects: the window scale of its connections depends
    /// on the buffers. Connections that a listening socket accepts inherit them from it (Linux). False when
    /// the kernel refuses (errno says why).
    bool applyTo(int socket) const;
};

} // namespace connector
