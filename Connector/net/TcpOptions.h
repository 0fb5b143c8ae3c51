#pragma once

#include <chrono>

namespace connector {

/// What every TCP connection of a pipe is set to: no delay for small writes, dead peers found by the kernel,
/// and little that waits in it for slow ones.
struct TcpOptions {
    /// TCP_USER_TIMEOUT: how long sent bytes or keepalives may go unacknowledged before the kernel breaks the
    /// connection.
    std::chrono::milliseconds userTimeout{45000};
    /// The same while the peer acknowledges, but takes nothing. The kernel would not tell these apart: see
    /// SocketStream::bearSlowPeer().
    std::chrono::milliseconds slowPeer{300000};
    /// TCP_KEEPIDLE and TCP_KEEPINTVL, which the kernel counts in whole seconds.
    std::chrono::milliseconds keepaliveIdle{30000};
    std::chrono::milliseconds keepaliveInterval{5000};
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

    /// Sets a connected socket's TCP_USER_TIMEOUT.
    static void setUserTimeout(int socket, std::chrono::milliseconds time);

    /// Has the kernel ask the peer at once whether it is there, and again each second, and break the
    /// connection after four questions without an answer. Only while nothing is outstanding. Until
    /// applyTo().
    static void probe(int socket);

    bool operator==(const TcpOptions&) const = default;
};

} // namespace connector
