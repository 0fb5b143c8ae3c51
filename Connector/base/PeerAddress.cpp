#include "base/PeerAddress.h"

#include <string_view>

namespace connector {

Poco::Net::IPAddress withoutMapping(const Poco::Net::IPAddress& address) {
    if (address.family() != Poco::Net::IPAddress::IPv6 || !address.isIPv4Mapped()) return address;
    constexpr int kIPv4Length = 4;
    const auto* bytes = static_cast<const unsigned char*>(address.addr());
    return {bytes + address.length() - kIPv4Length, kIPv4Length};
}

std::string inWords(const Poco::Net::SocketAddress& address) {
    if (address.family() == Poco::Net::SocketAddress::UNIX_LOCAL) return "unix:" + address.toString();
    return Poco::Net::SocketAddress(withoutMapping(address.host()), address.port()).toString();
}

std::string inWords(const std::string& host, std::uint16_t port) {
    const bool isIpv6 = host.find(':') != std::string::npos;
    return (isIpv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::string ownerOf(const Poco::Net::IPAddress& address) {
    using namespace std::string_view_literals;
    constexpr std::size_t kIPv6Prefix = 8;
    constexpr auto kNat64 = "\x00\x64\xff\x9b\0\0\0\0\0\0\0\0"sv;
    const auto bare = withoutMapping(address);
    std::string bytes(static_cast<const char*>(bare.addr()), static_cast<std::size_t>(bare.length()));
    const bool isShared = bare.isLinkLocal() || bytes.starts_with(kNat64);
    return isShared ? bytes : bytes.substr(0, kIPv6Prefix);
}

Poco::Net::IPAddress withoutZone(const Poco::Net::IPAddress& address) {
    return {address.addr(), address.length()};
}

} // namespace connector
