#include "api/Network.h"

#include "api/PeerAddress.h"

#include <charconv>

namespace connector {

namespace {

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
    Poco::Net::IPAddress address;
    if (slash == std::string::npos || !Poco::Net::IPAddress::tryParse(text.substr(0, slash), address))
        return std::nullopt;
    // A zone (fe80::1%eth0) is no part of a network.
    if (address.scope() != 0 || withoutMapping(address).family() != address.family()) return std::nullopt;
    const auto length =
        prefixLength(std::string_view(text).substr(slash + 1), static_cast<unsigned>(address.length()) * 8);
    if (!length) return std::nullopt;
    const Poco::Net::IPAddress mask(*length, address.family());
    if ((address & mask) != address) return std::nullopt;
    return Network(address, mask);
}

bool Network::contains(const Poco::Net::IPAddress& address) const {
    const auto bare = withoutMapping(address);
    return bare.family() == _address.family() && (bare & _mask) == _address;
}

} // namespace connector
