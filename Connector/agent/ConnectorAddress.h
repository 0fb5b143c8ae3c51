#pragma once

#include "agent/proxy/HttpProxy.h"

#include <Poco/Net/SocketAddress.h>

#include <optional>
#include <string>
#include <vector>

namespace connector {

/// A way to a Connector: an address, and the configured host that it was found under, whose certificate is
/// shown there; or that host through a proxy, which looks for the address.
struct ConnectorAddress {
    std::string host;
    /// Nothing when there is a proxy.
    std::optional<Poco::Net::SocketAddress> address{};
    std::optional<HttpProxy> proxy{};

    bool operator==(const ConnectorAddress&) const = default;

    /// For people: "connector.example (192.0.2.7)", or just "192.0.2.7" when that is the host, or
    /// "connector.example (through proxy.example:3128)".
    std::string toString() const;
};

using ConnectorAddresses = std::vector<ConnectorAddress>;

/// The addresses that were found, each once: under the host that it is held under if that was found again,
/// else under the first one. Those that are held come first, in their order.
ConnectorAddresses withHeldFirst(const ConnectorAddresses& held, const ConnectorAddresses& found);

} // namespace connector
