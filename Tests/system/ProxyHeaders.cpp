#include "ProxyHeaders.h"

#include <arpa/inet.h>
#include <array>

namespace connector::test::header {

namespace {

const std::string kSignature("\r\n\r\n\0\r\nQUIT\n", 12);
/// 4711 and 443.
const std::string kPorts("\x12\x67\x01\xBB", 4);
/// PP2_TYPE_AUTHORITY.
const std::string kServerName = std::string("\x02\0\x0B", 3) + "example.org";

std::string bytesOf(int family, const std::string& ip) {
    std::array<char, sizeof(in6_addr)> bytes{};
    ::inet_pton(family, ip.c_str(), bytes.data());
    return {bytes.data(), family == AF_INET ? sizeof(in_addr) : sizeof(in6_addr)};
}

std::string binary(char command, char family, const std::string& rest) {
    return kSignature + command + family + static_cast<char>(rest.size() >> 8U) +
           static_cast<char>(rest.size() & 0xFFU) + rest;
}

} // namespace

std::string version1(const std::string& client) {
    return "PROXY TCP4 " + client + " 192.0.2.9 4711 443\r\n";
}

std::string version2(const std::string& client) {
    return binary('\x21', '\x11', bytesOf(AF_INET, client) + bytesOf(AF_INET, "192.0.2.9") + kPorts);
}

std::string version1OfIPv6() {
    return "PROXY TCP6 2001:db8::7 2001:db8::9 4711 443\r\n";
}

std::string version2OfIPv6() {
    return binary('\x21', '\x21',
                  bytesOf(AF_INET6, "2001:db8::7") + bytesOf(AF_INET6, "2001:db8::9") + kPorts + kServerName);
}

std::string unknown() {
    return "PROXY UNKNOWN\r\n";
}

std::string local() {
    return binary('\x20', '\0', "");
}

} // namespace connector::test::header
