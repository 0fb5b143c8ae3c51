#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

namespace connector {

/// What a mapping's limits can be, wherever they come from: the API, the command line, an import.

/// Agents on a port at once, from 1.
inline constexpr int kMaxAgentConnections = 10000;
/// A heartbeat absence threshold, in ms, from 0, which turns the check off.
inline constexpr std::int64_t kMaxHeartbeatAbsence = std::numeric_limits<std::int32_t>::max();
/// Characters of a label, from 1.
inline constexpr std::size_t kMaxLabel = 64;
/// Visitors of an address, and new ones of it in a second, from 0, which is no limit.
inline constexpr int kMaxVisitors = 1000000;
/// How long a relay may be idle, in ms, from 0, which is for ever.
inline constexpr std::int64_t kMaxRelayIdle = std::numeric_limits<std::int32_t>::max();
/// Bytes a second: 0, which is no limit, or from 1024.
inline constexpr std::int64_t kMinBandwidth = 1024;
inline constexpr std::int64_t kMaxBandwidth = std::int64_t{1} << 40;
/// Networks in a list of those that are allowed or denied.
inline constexpr std::size_t kMaxNetworks = 1000;
/// How long a former passcode may go on being good, in ms, from 0.
inline constexpr std::int64_t kMaxPasscodeOverlap = std::numeric_limits<std::int32_t>::max();

/// What Fog Controllers ask for, and what a mapping gets that is opened without options.
inline constexpr std::int64_t kUsualPublicConnections = 60;
inline constexpr std::int64_t kUsualPrivateConnections = 1;
inline constexpr std::int64_t kUsualHeartbeatAbsence = 200000; ///< ms

} // namespace connector
