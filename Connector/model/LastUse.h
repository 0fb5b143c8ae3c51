#pragma once

#include <Poco/Types.h>

namespace connector {

/// When a mapping was last in use (timestampNow()); 0: never. A value.
struct LastUse {
    /// An agent was connected and authorized.
    Poco::Int64 agent = 0;
    /// A visitor was connected, in TLS with its handshake done (public mappings).
    Poco::Int64 visitor = 0;

    bool operator==(const LastUse&) const = default;
};

} // namespace connector
