#pragma once

#include "base/Network.h"

#include <chrono>
#include <cstddef>
#include <vector>

namespace connector {

/// Which proxies are believed whom they have their connections from (ProxyEntrance). A value.
struct TrustedProxies {
    /// Those at these addresses; empty: none is.
    std::vector<Network> networks{};
    /// From accepting a connection to the last byte of its header.
    std::chrono::milliseconds headerTime{10000};
    /// Connections of one port whose header has not come yet.
    std::size_t waiting = 1024;

    bool include(const Poco::Net::IPAddress& address) const { return contain(networks, address); }

    bool operator==(const TrustedProxies&) const = default;
};

} // namespace connector
