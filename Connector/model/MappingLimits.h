#pragma once

#include <cstdint>
#include <limits>

namespace connector {

/// What a mapping's limits can be, wherever they come from: the API, the command line, an import.

/// Agents on a port at once, from 1.
inline constexpr int kMaxAgentConnections = 10000;
/// A heartbeat absence threshold, in ms, from 0, which turns the check off.
inline constexpr std::int64_t kMaxHeartbeatAbsence = std::numeric_limits<std::int32_t>::max();

} // namespace connector
