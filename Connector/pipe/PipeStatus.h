#pragma once

#include "base/Counts.h"
#include "base/Durations.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace connector {

/// Why a visitor was not served.
enum class VisitorRefusal {
    Denied,     ///< it is not in `allow`, or in `deny`
    PerAddress, ///< its address has `visitorsperaddress` visitors
    Rate,       ///< more came from its address within a second than `visitorrate`
    Share,      ///< the mapping has limits.mapping-visitors visitors
    Waiting,    ///< limits.waiting-visitors others waited
    NoAgent,    ///< no agent became free for it in time
    Silent,     ///< it said nothing while agents waited
};
inline constexpr std::size_t kVisitorRefusals = 7;

using VisitorRefusalCounts = Counts<VisitorRefusal, kVisitorRefusals>;

/// What a pipe is doing at one moment; index 0 is port1's side, 1 is port2's.
struct PipeStatus {
    /// Connections of authorized agents, waiting or in a relay.
    std::array<int, 2> agentsConnected{};
    /// Authorized agents that wait for a partner.
    std::array<int, 2> agentsWaiting{};
    /// Visitors that wait for an agent (public pipes).
    int visitorsWaiting = 0;
    /// Visitors that were let in since the process started, whatever has become of them.
    std::uint64_t visitorsAdmitted = 0;
    /// Visitors that were not served, by VisitorRefusal, since the process started.
    VisitorRefusalCounts::Values visitorsRefused{};
    /// How long visitors have waited for an agent (VisitorEndpoint::waits()), since the process started.
    Durations::Snapshot visitorWaits;
    /// Relays running.
    int relays = 0;
    /// Payload bytes relayed that came in at that side, since the process started.
    std::array<std::uint64_t, 2> bytesFrom{};
    /// How long agents of PIPE/2 have taken to accept a stream, since the process started.
    Durations::Snapshot openings;
    /// Something else holds that port, and the pipe tries again every second.
    std::array<bool, 2> lacksPort{};
    /// It has no ports of its own, and there is no front by which anybody could come.
    bool lacksFront = false;
    /// Its visitors would speak plain TCP, and may not.
    bool refusesPlainVisitors = false;
    /// One of these.
    bool degraded = false;
};

} // namespace connector
