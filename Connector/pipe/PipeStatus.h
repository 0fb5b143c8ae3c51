#pragma once

#include <array>
#include <cstdint>

namespace connector {

/// What a pipe is doing at one moment; index 0 is port1's side, 1 is port2's.
struct PipeStatus {
    /// Authorized agents that wait for a partner.
    std::array<int, 2> agentsWaiting{};
    /// Visitors that wait for an agent (public pipes).
    int visitorsWaiting = 0;
    /// Relays running.
    int relays = 0;
    /// Payload bytes relayed that came in at that side, since the process started.
    std::array<std::uint64_t, 2> bytesFrom{};
    /// Some port is held by something else, and the pipe tries again every second; or its visitors would
    /// speak plain TCP, and may not.
    bool degraded = false;
};

} // namespace connector
