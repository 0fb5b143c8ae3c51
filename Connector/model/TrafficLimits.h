#pragma once

#include "base/Network.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

namespace connector {

/// What a mapping's visitors may do and what its relays may take; what is not given is as the configuration
/// says (`visitors`), and of a private mapping, which has no visitors, as large as it likes. A value.
struct TrafficLimits {
    /// Visitors of one IPv4 address or one IPv6 /64 (ownerOf()) at once, waiting ones included; 0: any.
    std::optional<int> visitorsPerAddress;
    /// New visitors of one such address within a second; 0: any.
    std::optional<int> visitorRate;
    /// Who may be a visitor; empty: everybody who is not in `deny`.
    std::optional<std::vector<Network>> allow;
    /// Who may not, even if in `allow`.
    std::optional<std::vector<Network>> deny;
    /// How long a relay may carry no byte; 0: for ever.
    std::optional<std::chrono::milliseconds> relayIdle;
    /// Bytes a second, each way, of all relays of the mapping together; 0: any.
    std::optional<std::int64_t> bandwidth;

    /// These, and where they say nothing, the others.
    TrafficLimits orElse(const TrafficLimits& others) const {
        return {visitorsPerAddress ? visitorsPerAddress : others.visitorsPerAddress,
                visitorRate ? visitorRate : others.visitorRate,
                allow ? allow : others.allow,
                deny ? deny : others.deny,
                relayIdle ? relayIdle : others.relayIdle,
                bandwidth ? bandwidth : others.bandwidth};
    }

    bool operator==(const TrafficLimits&) const = default;
};

/// All of them given, and none of them a limit.
inline const TrafficLimits kUnlimitedTraffic{
    0, 0, std::vector<Network>{}, std::vector<Network>{}, std::chrono::milliseconds(0), 0};

} // namespace connector
