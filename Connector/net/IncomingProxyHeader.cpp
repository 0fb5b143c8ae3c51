#include "net/IncomingProxyHeader.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <netinet/in.h>
#include <string_view>

namespace connector {

namespace {

using Poco::Net::SocketAddress;
using Verdict = IncomingProxyHeader::Verdict;

constexpr std::string_view kBeginV1 = "PROXY ";
constexpr std::string_view kEndV1 = "\r\n";

constexpr std::string_view kSignatureV2("\r\n\r\n\0\r\nQUIT\n", 12);
/// What is in front of the addresses: the signature, version and command, family and transport, and how much
/// follows.
constexpr std::size_t kFixedV2 = 16;
constexpr unsigned kVersion2 = 2;
constexpr unsigned kLocal = 0;
constexpr unsigned kProxy = 1;
constexpr unsigned kUnspecified = 0x00;
constexpr unsigned kTcpOverIPv4 = 0x11;
constexpr unsigned kTcpOverIPv6 = 0x21;
constexpr unsigned kUnixStream = 0x31;

IncomingProxyHeader malformed(const std::string& problem) {
    return {.verdict = Verdict::Malformed, .problem = problem};
}

IncomingProxyHeader complete(std::size_t length, std::optional<SocketAddress> source) {
    return {.verdict = Verdict::Complete, .length = length, .source = std::move(source)};
}

/// Whether the two are the same as far as both go.
bool mayBecome(std::string_view received, std::string_view wanted) {
    const auto length = std::min(received.size(), wanted.size());
    return received.substr(0, length) == wanted.substr(0, length);
}

/// What is in front of the next space, which is taken along; nothing when there is no space.
std::optional<std::string> takeWord(std::string_view& text) {
    const auto space = text.find(' ');
    if (space == std::string_view::npos) return std::nullopt;
    std::string word(text.substr(0, space));
    text.remove_prefix(space + 1);
    return word;
}

std::optional<std::uint16_t> portOf(std::string_view digits) {
    std::uint16_t port = 0;
    const auto* const end = digits.data() + digits.size();
    const auto read = std::from_chars(digits.data(), end, port);
    const bool hasLeadingZero = digits.size() > 1 && digits.front() == '0';
    if (read.ec != std::errc() || read.ptr != end || hasLeadingZero) return std::nullopt;
    return port;
}

/// An address in network byte order: 4 bytes of IPv4, or 16 of IPv6.
SocketAddress addressOf(const void* ip, std::size_t length, std::uint16_t port) {
    return {Poco::Net::IPAddress(ip, static_cast<poco_socklen_t>(length)), port};
}

std::optional<SocketAddress> addressOf(int family, const std::string& ip, std::uint16_t port) {
    std::array<std::byte, sizeof(in6_addr)> bytes{};
    if (ip.find('\0') != std::string::npos) return std::nullopt; // where inet_pton would stop
    if (::inet_pton(family, ip.c_str(), bytes.data()) != 1) return std::nullopt;
    return addressOf(bytes.data(), family == AF_INET ? sizeof(in_addr) : sizeof(in6_addr), port);
}

/// What follows "TCP4 " or "TCP6 ": both addresses, then both ports. All four must be right, though only two
/// are of use.
std::optional<SocketAddress> sourceOf(int family, std::string_view words) {
    const auto from = takeWord(words);
    const auto to = takeWord(words);
    const auto fromPort = takeWord(words);
    if (!from || !to || !fromPort) return std::nullopt;
    const auto sourcePort = portOf(*fromPort);
    const auto targetPort = portOf(words);
    if (!sourcePort || !targetPort || !addressOf(family, *to, *targetPort)) return std::nullopt;
    return addressOf(family, *from, *sourcePort);
}

IncomingProxyHeader parseV1(std::string_view received) {
    const auto mostOfIt = received.substr(0, IncomingProxyHeader::kMostV1);
    const auto end = mostOfIt.find(kEndV1);
    if (end == std::string_view::npos) {
        if (mostOfIt.size() < IncomingProxyHeader::kMostV1) return {};
        return malformed("no end of line within " + std::to_string(IncomingProxyHeader::kMostV1) + " bytes");
    }
    const auto length = end + kEndV1.size();
    auto words = received.substr(kBeginV1.size(), end - kBeginV1.size());
    if (words == "UNKNOWN" || words.starts_with("UNKNOWN ")) return complete(length, std::nullopt);
    const auto protocol = takeWord(words);
    if (protocol != "TCP4" && protocol != "TCP6")
        return malformed("a protocol that is none of TCP4, TCP6 and UNKNOWN");
    auto source = sourceOf(protocol == "TCP4" ? AF_INET : AF_INET6, words);
    if (!source) return malformed("no two addresses and two ports of " + *protocol);
    return complete(length, std::move(source));
}

/// Source and target address, source and target port; TLVs may follow.
IncomingProxyHeader withAddresses(std::string_view received, std::size_t length, std::size_t ofAddress) {
    if (length < kFixedV2 + 2 * (ofAddress + sizeof(std::uint16_t)))
        return malformed("too short for the addresses that it says it has");
    std::uint16_t port = 0;
    std::memcpy(&port, received.data() + kFixedV2 + 2 * ofAddress, sizeof port);
    return complete(length, addressOf(received.data() + kFixedV2, ofAddress, ntohs(port)));
}

IncomingProxyHeader parseV2(std::string_view received) {
    if (received.size() < kFixedV2) return {};
    const auto byteAt = [&](std::size_t i) { return static_cast<unsigned char>(received[i]); };
    const unsigned version = byteAt(12) >> 4U;
    const unsigned command = byteAt(12) & 0x0FU;
    const unsigned family = byteAt(13);
    if (version != kVersion2) return malformed("version " + std::to_string(version) + " instead of 2");
    if (command != kLocal && command != kProxy)
        return malformed("command " + std::to_string(command) + ", which is neither LOCAL nor PROXY");
    const auto length = kFixedV2 + (std::size_t{byteAt(14)} << 8U) + byteAt(15);
    if (length > IncomingProxyHeader::kMost)
        return malformed(std::to_string(length) + " bytes, more than " +
                         std::to_string(IncomingProxyHeader::kMost));
    if (received.size() < length) return {};
    if (command == kLocal) return complete(length, std::nullopt); // whatever else it has
    switch (family) {
    case kTcpOverIPv4:
        return withAddresses(received, length, sizeof(in_addr));
    case kTcpOverIPv6:
        return withAddresses(received, length, sizeof(in6_addr));
    case kUnspecified:
    case kUnixStream:
        return complete(length, std::nullopt);
    default:
        return malformed("a connection that is not TCP (family and transport " + std::to_string(family) +
                         ")");
    }
}

} // namespace

IncomingProxyHeader IncomingProxyHeader::parse(std::span<const std::byte> bytes) {
    const std::string_view received(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    const bool mayBeV1 = mayBecome(received, kBeginV1);
    const bool mayBeV2 = mayBecome(received, kSignatureV2);
    if (!mayBeV1 && !mayBeV2) return malformed("neither \"PROXY \" nor the signature of version 2");
    if (received.size() < kBeginV1.size()) return {};
    return mayBeV1 ? parseV1(received) : parseV2(received);
}

} // namespace connector
