#include "agent/ProxyHeader.h"

#include <arpa/inet.h>
#include <array>
#include <charconv>
#include <cstdint>
#include <netinet/in.h>
#include <optional>

namespace connector {

namespace {

constexpr std::string_view kSignatureV2("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr char kLocalV2 = 0x20; // version 2, LOCAL: nobody's connection but our own
constexpr char kProxyV2 = 0x21; // version 2, PROXY
constexpr char kTcpOverIPv4 = 0x11;
constexpr char kTcpOverIPv6 = 0x21;

/// An address as IPv6 has it; IPv4 ones are mapped into it.
struct Address {
    in6_addr ip{};
    std::uint16_t port = 0;

    bool isIPv4() const { return IN6_IS_ADDR_V4MAPPED(&ip); }
};

std::optional<Address> parse(const std::string& text) {
    const auto colon = text.rfind(':');
    if (colon == std::string::npos) return std::nullopt;
    auto host = text.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);

    Address address;
    const auto* const end = text.data() + text.size();
    const auto port = std::from_chars(text.data() + colon + 1, end, address.port);
    if (port.ec != std::errc() || port.ptr != end) return std::nullopt;
    if (host.find(':') == std::string::npos) host = "::ffff:" + host;
    if (::inet_pton(AF_INET6, host.c_str(), &address.ip) != 1) return std::nullopt;
    return address;
}

std::string ipText(const Address& address, bool asIPv4) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (asIPv4)
        ::inet_ntop(AF_INET, &address.ip.s6_addr[12], text.data(), text.size());
    else
        ::inet_ntop(AF_INET6, &address.ip, text.data(), text.size());
    return text.data();
}

std::string ipBytes(const Address& address, bool asIPv4) {
    const std::string all(reinterpret_cast<const char*>(address.ip.s6_addr), sizeof address.ip.s6_addr);
    return asIPv4 ? all.substr(12) : all;
}

std::string portBytes(std::uint16_t port) {
    return {static_cast<char>(port >> 8U), static_cast<char>(port & 0xFFU)};
}

std::string headerV1(const Address& from, const Address& to, bool asIPv4) {
    return std::string("PROXY ") + (asIPv4 ? "TCP4 " : "TCP6 ") + ipText(from, asIPv4) + " " +
           ipText(to, asIPv4) + " " + std::to_string(from.port) + " " + std::to_string(to.port) + "\r\n";
}

std::string headerV2(const Address& from, const Address& to, bool asIPv4) {
    const auto addresses =
        ipBytes(from, asIPv4) + ipBytes(to, asIPv4) + portBytes(from.port) + portBytes(to.port);
    return std::string(kSignatureV2) + kProxyV2 + (asIPv4 ? kTcpOverIPv4 : kTcpOverIPv6) +
           portBytes(static_cast<std::uint16_t>(addresses.size())) + addresses;
}

} // namespace

std::string proxyHeader(ProxyProtocol protocol, const std::string& visitor,
                        const Poco::Net::SocketAddress& target) {
    if (protocol == ProxyProtocol::None) return "";
    const auto from = parse(visitor);
    const auto to = parse(target.toString());
    if (!from || !to)
        return protocol == ProxyProtocol::V1 ? "PROXY UNKNOWN\r\n"
                                             : std::string(kSignatureV2) + kLocalV2 + std::string(3, '\0');
    // Both addresses are of one family in a header.
    const bool asIPv4 = from->isIPv4() && to->isIPv4();
    return protocol == ProxyProtocol::V1 ? headerV1(*from, *to, asIPv4) : headerV2(*from, *to, asIPv4);
}

} // namespace connector
