#pragma once

#include <chrono>
#include <cstddef>

namespace connector {

/// The limits of relays. doc/configuration.md says of each what happens when it is reached.
struct RelayLimits {
    /// Bytes that a relay receives at once, and so the most that it keeps of one direction.
    std::size_t buffer = 512 * 1024;
    /// Bytes that all connections keep together; above it a relay receives no more than one TLS record at
    /// once, and the windows of HTTP/2 streams shrink.
    std::size_t buffered = 256 * 1024 * 1024;
    /// When one peer of a relay has closed: how long the other may take nothing of what is still meant for
    /// it.
    std::chrono::milliseconds linger{30000};

    bool operator==(const RelayLimits&) const = default;
};

} // namespace connector
