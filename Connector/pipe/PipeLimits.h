#pragma once

#include "http2/Http2Limits.h"
#include "pipe/EventFeed.h"
#include "relay/RelayLimits.h"

#include <chrono>
#include <cstddef>
#include <limits>

namespace connector {

/// The limits of pipes. doc/configuration.md says of each what happens when it is reached.
struct PipeLimits {
    /// From accepting a connection on an agents' port to its first byte, the TLS handshake included.
    std::chrono::milliseconds greetingFirstByte{10000};
    /// From the first byte of the greeting to its last.
    std::chrono::milliseconds greetingRest{1000};
    /// Connections of one endpoint still to be authorized: so many of addresses that were authorized lately,
    /// and so many of others. As many may wait for a place, or for their turn because their address is
    /// slowed.
    std::size_t authorizing = 256;
    /// So many wrong passcodes of one address, at whichever ports, within such a time, make its next
    /// connections wait, first so long, then twice as long each time it is wrong again, up to the longest
    /// pause.
    std::size_t wrongPasscodes = 10;
    std::chrono::milliseconds wrongPasscodesWithin{10000};
    std::chrono::milliseconds wrongPasscodePause{1000};
    std::chrono::milliseconds wrongPasscodeLongestPause{60000};
    /// How long an agent with the right passcode waits for one of the mapping's places to become free: its
    /// earlier connection may be ending at this moment on another loop, and those that have them may turn out
    /// to be dead (SocketStream::probe()), which takes some seconds.
    std::chrono::milliseconds placeWait{7000};
    /// How long a visitor waits for an agent, the TLS handshake included.
    std::chrono::milliseconds visitorWait{10000};
    /// How long a visitor may be silent before an agent of PIPE/2 is told of it all the same; a server that
    /// speaks first is delayed by so much.
    std::chrono::milliseconds firstBytes{20};
    /// How long an agent of PIPE/2 may take to answer CONNECT.
    std::chrono::milliseconds open{10000};
    /// How long a visitor may say nothing while agents wait.
    std::chrono::milliseconds visitorSilence{300000};
    /// How long a relay must have carried no byte to give way to a visitor that waits for an agent, or for a
    /// place, if the relay's visitor is of the address that has the most; 0: none does.
    std::chrono::milliseconds idleRelayYields{30000};
    /// Visitors of one mapping, waiting or in relays.
    std::size_t mappingVisitors = std::numeric_limits<std::size_t>::max();
    /// Visitors of one mapping that wait, for an agent or with what they have to say.
    std::size_t waitingVisitors = 1024;
    /// How long a waiting agent may miss its beat before all others are preferred to it; a third of its
    /// threshold if that is less.
    std::chrono::milliseconds silentAgent{25000};
    /// How long a waiting agent of PIPE/1 that has sent what no visitor had asked for must be quiet before it
    /// is closed; and from the same address later, before it is given a visitor.
    std::chrono::milliseconds staleQuiet{1000};
    /// How long such an agent may go on sending.
    std::chrono::milliseconds staleLongest{30000};
    /// How long it is remembered of an address that an agent there has done so, has given a visitor no
    /// answer, or was lost when it was needed.
    std::chrono::milliseconds agentMemory{600000};
    /// Bytes of payload held of an agent that has no partner yet (private pipe).
    std::size_t heldPayload = 64 * 1024;
    /// How long a process that was replaced keeps agents for visitors that say nothing.
    std::chrono::milliseconds drainSilence{2000};
    /// How often a degraded pipe tries again to listen on its ports.
    std::chrono::milliseconds retryPorts{1000};
    /// How long who asks about connections waits for the event loops.
    std::chrono::milliseconds loopWait{2000};
    /// Connections that the kernel keeps for a port until they are accepted (listen(2); at most
    /// net.core.somaxconn).
    int backlog = 1024;
    /// What agents of PIPE/2 are told: one more connection is recommended while each has more than so many
    /// streams open.
    std::size_t streams = 256;
    EventLimits events{};
    Http2Limits http2{};
    RelayLimits relay{};

    bool operator==(const PipeLimits&) const = default;
};

} // namespace connector
