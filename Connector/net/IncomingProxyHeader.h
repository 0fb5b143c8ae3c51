#pragma once

#include <Poco/Net/SocketAddress.h>

#include <cstddef>
#include <optional>
#include <span>
#include <string>

namespace connector {

/// HAProxy's PROXY protocol, version 1 or 2, as it comes in: the header in front of everything else on a
/// connection from a proxy, which says whom the proxy has it from. A value.
struct IncomingProxyHeader {
    enum class Verdict { Incomplete, Complete, Malformed };

    /// Bytes of the longest one that is taken: of version 1 what the protocol allows, of version 2, whose
    /// TLVs could be 65,535 bytes, what nginx takes.
    static constexpr std::size_t kMostV1 = 107;
    static constexpr std::size_t kMost = 4096;

    /// received: what has come by now, from the connection's first byte on; any of it may be what follows the
    /// header. The same bytes, and more, must be given anew while it is Incomplete; of kMost bytes it is not.
    static IncomingProxyHeader parse(std::span<const std::byte> received);

    Verdict verdict = Verdict::Incomplete;
    /// Of a complete one: its bytes.
    std::size_t length = 0;
    /// Of a complete one: whom the proxy has the connection from; nothing when it is the proxy's own (LOCAL),
    /// or from somebody without an IP address, or the proxy doesn't know (UNKNOWN).
    std::optional<Poco::Net::SocketAddress> source{};
    /// Of a malformed one: what is wrong with it.
    std::string problem{};
};

} // namespace connector
