#pragma once

#include "net/TrustedProxies.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace connector {

/// What clients of an HTTP server may use up.
struct HttpLimits {
    /// Bytes of a request's body, however it is sent. Real ones have less than 300.
    std::size_t requestBody = 65536;
    /// Requests that are answered at once, each by a thread; clients that are slow or silent need none.
    int threads = 16;
    /// Connections at once, and those of them from one IPv4 address or one IPv6 /64. When there are as many,
    /// a new one takes the place of an old one that has not shown that the server knows its caller.
    std::size_t connections = 1000;
    std::size_t connectionsPerAddress = 100;
    /// Those of them whose caller has not shown that the server knows it. When there are as many, the same.
    std::size_t unidentified = 500;
    /// From a connection's start (TLS handshake included), or a further request's first byte, to the last
    /// byte of the request's body; also how long a connection may be idle between two requests, and how long
    /// a client may take to read an answer.
    std::chrono::milliseconds requestTime{10000};

    bool operator==(const HttpLimits&) const = default;
};

/// What the configuration says about an HTTP server; a plain value.
struct HttpSettings {
    /// What the port is for, as an error calls it.
    std::string name = "the API";
    /// Address to listen on; "" is all addresses, IPv4 and IPv6.
    std::string bind = "127.0.0.1";
    /// Whether an IPv6 address is for IPv6 alone.
    bool v6Only = false;
    /// 0 takes a free port.
    std::uint16_t port = 8080;
    /// False: it doesn't listen there; somebody else does, and hands it all connections.
    bool listens = true;
    HttpLimits limits;
    /// Whose word counts on whom a connection is from.
    TrustedProxies proxies{};
};

} // namespace connector
