#include "api/PeerAddress.h"

namespace connector {

Poco::Net::IPAddress withoutMapping(const Poco::Net::IPAddress& address) {
    if (address.family() != Poco::Net::IPAddress::IPv6 || !address.isIPv4Mapped()) return address;
    constexpr int kIPv4Length = 4;
    const auto* bytes = static_cast<const unsigned char*>(address.addr());
    return {bytes + address.length() - kIPv4Length, kIPv4Length};
}

Poco::Net::IPAddress withoutZone(const Poco::Net::IPAddress& address) {
    return {address.addr(), address.length()};
}

} // namespace connector
