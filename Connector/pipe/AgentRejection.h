#pragma once

#include "base/Counts.h"

namespace connector {

/// Why a connection to an agents' port was not authorized.
enum class AgentRejection {
    WrongPasscode,
    Left,      ///< it was closed, or broke, before its passcode was complete or its place was free
    Handshake, ///< its TLS handshake failed
    Timeout,   ///< its passcode was not complete in time
    Crowded,   ///< limits.authorizing others were still to be authorized
    Slowed,    ///< it was one too many of those that wait as their address is slowed
    NoPlace,   ///< the passcode was right, but all places of the mapping were taken
    Role,      ///< it wanted to open streams where only visitors begin
    Resources, ///< no room to watch its descriptor
};
inline constexpr std::size_t kAgentRejections = 9;

using AgentRejectionCounts = Counts<AgentRejection, kAgentRejections>;

} // namespace connector
