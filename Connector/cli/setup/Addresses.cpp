#include "cli/setup/Addresses.h"

#include "base/HostName.h"
#include "base/Network.h"
#include "base/PeerAddress.h"

#include <Poco/Ascii.h>
#include <Poco/Net/NetworkInterface.h>
#include <Poco/String.h>
#include <Poco/StringTokenizer.h>

#include <algorithm>
#include <array>
#include <set>

namespace connector {

namespace {

using Poco::Net::IPAddress;
using Poco::Net::NetworkInterface;

/// Of a host name (RFC 1035, section 2.3.4).
constexpr std::size_t kLongestLabel = 63;

bool isLabel(const std::string& text) {
    const auto isAllowed = [](unsigned char c) {
        return Poco::Ascii::isAlphaNumeric(c) || c == '-' || c == '_';
    };
    return !text.empty() && text.size() <= kLongestLabel && text.front() != '-' && text.back() != '-' &&
           std::all_of(text.begin(), text.end(), isAllowed);
}

/// With digits alone at its end it would be an IP address gone wrong.
bool isHostName(const std::string& text) {
    const Poco::StringTokenizer labels(text, ".");
    if (text.empty() || text.size() > kLongestHostName || !std::all_of(labels.begin(), labels.end(), isLabel))
        return false;
    const auto& last = labels[labels.count() - 1];
    return !std::all_of(last.begin(), last.end(), [](unsigned char c) { return Poco::Ascii::isDigit(c); });
}

/// What equal addresses have in common, however they are written.
std::string normal(const std::string& address) {
    IPAddress ip;
    return IPAddress::tryParse(address, ip) ? ip.toString() : Poco::toLower(address);
}

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

bool isPublicAddress(const std::string& text) {
    IPAddress ip;
    if (!IPAddress::tryParse(text, ip)) return isHostName(text);
    const bool isWhole = ip.family() == IPAddress::IPv6 ? text.find('%') == std::string::npos
                                                        : ip.toString() == text; // not "1.2.3"
    return isWhole && ip.isUnicast();
}

std::vector<std::string> withoutDuplicates(const std::vector<std::string>& addresses) {
    std::vector<std::string> result;
    std::set<std::string> known;
    for (const auto& address : addresses)
        if (known.insert(normal(address)).second) result.push_back(address);
    return result;
}

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
