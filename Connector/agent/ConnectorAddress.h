#pragma once

#include <Poco/Net/SocketAddress.h>

#include <cstddef>
#include <string>
#include <vector>

namespace connector {

/// An address of Connector, and the configured host that it was found under, whose certificate is shown
/// there.
struct ConnectorAddress {
    std::string host;
    Poco::Net::SocketAddress address;

    bool operator==(const ConnectorAddress&) const = default;

    /// For people: "connector.example (192.0.2.7)", or just "192.0.2.7" when that is the host.
    std::string toString() const;
};

using ConnectorAddresses = std::vector<ConnectorAddress>;

/// The addresses that were found, each once: under the host that it is held under if that was found again,
/// else under the first one. Those that are held come first, in their order.
ConnectorAddresses withHeldFirst(const ConnectorAddresses& held, const ConnectorAddresses& found);

} // namespace connector
