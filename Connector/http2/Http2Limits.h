#pragma once

#include <cstddef>
#include <cstdint>

namespace connector {

/// The limits of HTTP/2 sessions and their streams. doc/configuration.md says of each what happens when it is
/// reached.
struct Http2Limits {
    /// Bytes of one stream that may be on their way from the peer, or wait here to be taken: as far as a
    /// stream's window may grow.
    std::size_t streamWindow = 64 * 1024 * 1024;
    /// Streams that a peer may have open on one session.
    std::uint32_t concurrentStreams = 16384;
    /// Bytes of a session that the kernel takes before it can send them (TCP_NOTSENT_LOWAT): what waits there
    /// is ahead of whatever becomes urgent later.
    int unsent = 128 * 1024;
    /// Frames a second that carry nothing (PING, SETTINGS, PRIORITY, DATA without bytes), on average; ten
    /// times as many at once.
    int controlFrames = 100;
    /// Streams a second that a peer may reset, on average; as many again at once.
    int resets = 10000;

    bool operator==(const Http2Limits&) const = default;
};

} // namespace connector
