#pragma once

#include <chrono>
#include <optional>

namespace connector {

/// What the kernel knows of a TCP connection's peer (TCP_INFO). A value.
struct TcpState {
    /// Something was sent, or is to be, that the peer has not acknowledged.
    bool isOutstanding = false;
    /// The same, and its window is what keeps it from going: the peer takes nothing, but answers when it is
    /// asked whether there is room.
    bool isBlockedByPeer = false;
    /// The kernel has sent it again, or has asked whether there is room, several times in vain, and has heard
    /// nothing of the peer for so long that it may well be gone.
    bool isUnanswered = false;

    /// Nothing when the kernel doesn't say.
    static std::optional<TcpState> of(int socket);
};

} // namespace connector
