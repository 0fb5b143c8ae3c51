#pragma once

#include "base/Counts.h"

namespace connector {

/// What has come of a TLS handshake with a client.
enum class HandshakeResult {
    Done,
    Failed,    ///< the client broke it off, or there was nothing to agree on
    Abandoned, ///< its time was over, or its connection was closed for another reason
};
inline constexpr std::size_t kHandshakeResults = 3;

using HandshakeCounts = Counts<HandshakeResult, kHandshakeResults>;

} // namespace connector
