#pragma once

#include "api/Identity.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace connector {

/// What a client of the API may use up.
struct ApiLimits {
    /// Bytes of a request's body, however it is sent. Real ones have less than 300.
    std::size_t requestBody = 65536;
    /// Connections served at once, each by a thread of its own.
    int threads = 32;
    /// Accepted connections that may wait for a thread; those above are closed.
    int queue = 128;
    /// Connections of one IPv4 address or one IPv6 /64 at once, so that one stranger can't occupy all
    /// threads.
    int connectionsPerAddress = 16;
    /// From a connection's start (TLS handshake included), or a further request's first byte, to the last
    /// byte of the request's body; also how long a connection may be idle between two requests, and how long
    /// a client may take to read an answer.
    std::chrono::milliseconds requestTime{10000};
};

/// All that the configuration says about the API; a plain value.
struct ApiSettings {
    /// Address to listen on; "" is all addresses, IPv4 and IPv6.
    std::string bind = "127.0.0.1";
    /// 0 takes a free port.
    std::uint16_t port = 8080;
    /// Whoever is none of the identities may call as "anonymous".
    bool anonymous = false;
    /// Without any, every caller is "anonymous".
    std::vector<Identity> identities;
    /// Connector's public name or address, for the URLs of public mappings.
    std::string address;
    /// Pipes have TLS: the URLs of public mappings begin with https:// instead of http://.
    bool tls = false;
    ApiLimits limits;
};

} // namespace connector
