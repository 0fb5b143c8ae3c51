#include "cli/LocalAddresses.h"

#include "auth/Network.h"
#include "net/PeerAddress.h"

#include <Poco/Net/NetworkInterface.h>

#include <algorithm>
#include <array>

namespace connector {

namespace {

using Poco::Net::IPAddress;
using Poco::Net::NetworkInterface;

/// What is somebody else's business: loopback, link-local, multicast, no address at all.
bool isOfItsOwnLink(const IPAddress& address) {
    return address.isLoopback() || address.isLinkLocal() || !address.isUnicast();
}

bool isPrivate(const IPAddress& address) {
    constexpr std::array kPrivate{"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10",
                                  "fc00::/7"};
    return std::any_of(kPrivate.begin(), kPrivate.end(),
                       [&](const char* network) { return Network::parse(network)->contains(address); });
}

} // namespace

std::vector<std::string> reachableOf(const std::vector<IPAddress>& addresses) {
    std::vector<std::string> ofAll;
    std::vector<std::string> ofPrivateNetworks;
    for (const auto& address : addresses) {
        if (isOfItsOwnLink(address)) continue;
        auto& group = isPrivate(address) ? ofPrivateNetworks : ofAll;
        const auto text = address.toString();
        if (std::find(group.begin(), group.end(), text) == group.end()) group.push_back(text);
    }
    return ofAll.empty() ? ofPrivateNetworks : ofAll;
}

std::vector<std::string> reachableAddresses() {
    constexpr bool kWithAddressOnly = true;
    constexpr bool kUpOnly = true;
    std::vector<IPAddress> addresses;
    for (const auto& [index, interface] : NetworkInterface::map(kWithAddressOnly, kUpOnly))
        for (const auto& address : interface.addressList())
            addresses.push_back(withoutZone(address.get<NetworkInterface::IP_ADDRESS>()));
    return reachableOf(addresses);
}

} // namespace connector
