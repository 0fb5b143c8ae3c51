#include "net/TcpState.h"

#include <algorithm>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace connector {

namespace {

constexpr std::uint32_t kAttempts = 3;
constexpr std::chrono::milliseconds kSilence{5000};

} // namespace

std::optional<TcpState> TcpState::of(int socket) {
    tcp_info info{};
    socklen_t size = sizeof info;
    if (::getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return std::nullopt;
    TcpState state;
    state.isOutstanding = info.tcpi_unacked > 0 || info.tcpi_notsent_bytes > 0;
    // While bytes of its are under way, a peer may only shrink its window.
    const bool hasShrunk = size > offsetof(tcp_info, tcpi_snd_wnd) && info.tcpi_snd_wnd == 0;
    const bool isBlocked = state.isOutstanding && (info.tcpi_unacked == 0 || hasShrunk);
    state.isBlockedByPeer = isBlocked && info.tcpi_probes < kAttempts;
    const std::chrono::milliseconds silence(std::min(info.tcpi_last_ack_recv, info.tcpi_last_data_recv));
    const auto attempts = std::max<std::uint32_t>(info.tcpi_retransmits, info.tcpi_probes);
    state.isUnanswered = state.isOutstanding && attempts >= kAttempts && silence >= kSilence;
    return state;
}

} // namespace connector
