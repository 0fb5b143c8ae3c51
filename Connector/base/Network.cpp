#include "base/Network.h"

#include "base/PeerAddress.h"

#include <Poco/Net/NetException.h>

#include <algorithm>
#include <charconv>

namespace connector {

namespace {

std::optional<Poco::Net::IPAddress> parseAddress(const std::string& text) {
    try {
        return Poco::Net::IPAddress(text); // unlike tryParse(), this knows "::"
    } catch (const Poco::Net::InvalidAddressException&) {
        return std::nullopt;
    }
}

std::optional<unsigned> prefixLength(std::string_view digits, unsigned most) {
    unsigned length = 0;
    const auto* const end = digits.data() + digits.size();
    const auto read = std::from_chars(digits.data(), end, length);
    if (read.ec != std::errc() || read.ptr != end || length > most) return std::nullopt;
    return length;
}

} // namespace

std::optional<Network> Network::parse(const std::string& text) {
    const auto slash = text.find('/');
    if (slash == std::string::npos || slash == 0) return std::nullopt;
    const auto address = parseAddress(text.substr(0, slash));
    // A zone (fe80::1%eth0) is no part of a network.
    if (!address || address->scope() != 0 || withoutMapping(*address).family() != address->family())
        return std::nullopt;
    const auto bits = static_cast<unsigned>(address->length()) * 8;
    const auto length = prefixLength(std::string_view(text).substr(slash + 1), bits);
    if (!length) return std::nullopt;
    const Poco::Net::IPAddress mask(*length, address->family());
    if ((*address & mask) != *address) return std::nullopt;
    return Network(*address, mask);
}

bool Network::contains(const Poco::Net::IPAddress& address) const {
    const auto bare = withoutZone(withoutMapping(address));
    return bare.family() == _address.family() && (bare & _mask) == _address;
}

std::string Network::toString() const {
    return _address.toString() + "/" + std::to_string(_mask.prefixLength());
}

bool contain(const std::vector<Network>& networks, const Poco::Net::IPAddress& address) {
    return std::any_of(networks.begin(), networks.end(),
                       [&](const Network& network) { return network.contains(address); });
}

std::vector<Network> readNetworks(JsonFields& fields, const std::string& key, std::size_t most,
                                  const std::string& orElse) {
    const auto allowed = orElse + "an array of at most " + std::to_string(most) +
                         R"( networks such as "192.0.2.0/24", "192.0.2.7/32" or "2001:db8::/32")";
    std::vector<Network> networks;
    for (const auto& text : fields.textArray(key, allowed, {})) {
        const auto network = Network::parse(text);
        if (!network || networks.size() == most) fields.refuse(key, allowed);
        networks.push_back(*network);
    }
    return networks;
}

} // namespace connector
