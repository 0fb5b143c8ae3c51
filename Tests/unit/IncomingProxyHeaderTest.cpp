#include "net/IncomingProxyHeader.h"

#include "agent/ProxyHeader.h"

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

using connector::IncomingProxyHeader;
using Verdict = IncomingProxyHeader::Verdict;

namespace {

const std::string kSignature("\r\n\r\n\0\r\nQUIT\n", 12);
/// 192.0.2.1:1234 to 192.0.2.9:8080.
const std::string kAddresses4("\xC0\0\2\1\xC0\0\2\x09\x04\xD2\x1F\x90", 12);
/// [2001:db8::1]:1234 to [2001:db8::9]:8080.
const std::string kAddresses6 = std::string("\x20\x01\x0D\xB8\0\0\0\0\0\0\0\0\0\0\0\1", 16) +
                                std::string("\x20\x01\x0D\xB8\0\0\0\0\0\0\0\0\0\0\0\x09", 16) +
                                std::string("\x04\xD2\x1F\x90", 4);
/// PP2_TYPE_NOOP, with three bytes.
const std::string kTlv("\x04\0\3abc", 6);

IncomingProxyHeader parsed(const std::string& bytes) {
    return IncomingProxyHeader::parse(std::as_bytes(std::span(bytes)));
}

std::string version2(int versionAndCommand, int familyAndTransport, const std::string& rest) {
    return kSignature + static_cast<char>(versionAndCommand) + static_cast<char>(familyAndTransport) +
           static_cast<char>(rest.size() >> 8U) + static_cast<char>(rest.size() & 0xFFU) + rest;
}

/// Whom the header names, "own" when that is nobody; also that it ends where it does, whatever follows, and
/// that no part of it is enough.
std::string sourceIn(const std::string& header) {
    for (std::size_t length = 0; length < header.size(); ++length)
        if (parsed(header.substr(0, length)).verdict != Verdict::Incomplete)
            return "complete or wrong after " + std::to_string(length) + " bytes";
    for (const auto* behind : {"", "\r\n", "payload", "PROXY "}) {
        const auto found = parsed(header + behind);
        if (found.verdict != Verdict::Complete) return "not complete: " + found.problem;
        if (found.length != header.size()) return "of " + std::to_string(found.length) + " bytes";
    }
    const auto source = parsed(header).source;
    return source ? source->toString() : "own";
}

/// What is wrong with it, which whatever follows can't change.
std::string problemOf(const std::string& header) {
    const auto found = parsed(header);
    if (found.verdict != Verdict::Malformed) return "nothing";
    if (parsed(header + std::string(5000, 'x')).verdict != Verdict::Malformed) return "other with more";
    return found.problem;
}

} // namespace

BOOST_AUTO_TEST_SUITE(IncomingProxyHeaders)

BOOST_AUTO_TEST_CASE(version1_names_the_source) {
    BOOST_TEST(sourceIn("PROXY TCP4 192.0.2.1 192.0.2.9 1234 8080\r\n") == "192.0.2.1:1234");
    BOOST_TEST(sourceIn("PROXY TCP4 255.255.255.255 0.0.0.0 65535 0\r\n") == "255.255.255.255:65535");
    BOOST_TEST(sourceIn("PROXY TCP6 2001:db8::1 2001:db8::9 0 8080\r\n") == "[2001:db8::1]:0");
    BOOST_TEST(sourceIn("PROXY TCP6 ::ffff:192.0.2.1 ::1 1 2\r\n") == "[::ffff:192.0.2.1]:1");
}

BOOST_AUTO_TEST_CASE(version1_may_not_know_the_source) {
    BOOST_TEST(sourceIn("PROXY UNKNOWN\r\n") == "own");
    BOOST_TEST(sourceIn("PROXY UNKNOWN whatever follows\r\n") == "own");
}

BOOST_AUTO_TEST_CASE(version1_has_107_bytes_at_the_most) {
    const std::string begin = "PROXY UNKNOWN ";
    const std::string longest = begin + std::string(107 - 2 - begin.size(), 'f') + "\r\n";
    BOOST_TEST(sourceIn(longest) == "own");
    BOOST_TEST(problemOf(begin + std::string(107 - begin.size(), 'f')) == "no end of line within 107 bytes");
    BOOST_TEST(problemOf(begin + std::string(106 - begin.size(), 'f') + "\r\n") ==
               "no end of line within 107 bytes");
}

BOOST_AUTO_TEST_CASE(version1_is_taken_to_the_letter) {
    for (const auto* protocol : {"TCP5", "tcp4", "", "UDP4", "UNKNOWNS", "TCP4\t"})
        BOOST_TEST(problemOf("PROXY " + std::string(protocol) + " 192.0.2.1 192.0.2.9 1234 8080\r\n") ==
                       "a protocol that is none of TCP4, TCP6 and UNKNOWN",
                   protocol);
    for (const auto* words :
         {"192.0.2.1 192.0.2.9 1234", "192.0.2.1 192.0.2.9 1234 8080 ", "192.0.2.1  192.0.2.9 1234 8080",
          "192.0.2.1 192.0.2.9 1234 8080 9", "192.0.2.256 192.0.2.9 1234 8080", "192.0.2.1 host 1234 8080",
          "192.0.2.01 192.0.2.9 1234 8080", "192.0.2.1 192.0.2.9 65536 8080", "192.0.2.1 192.0.2.9 -1 8080",
          "192.0.2.1 192.0.2.9 +1 8080", "192.0.2.1 192.0.2.9 01 8080", "192.0.2.1 192.0.2.9 1234 808o",
          "192.0.2.1 192.0.2.9  8080", "2001:db8::1 2001:db8::9 1234 8080", "192.0.2.1", "",
          "192.0.2.1/32 192.0.2.9 1 2"})
        BOOST_TEST(problemOf("PROXY TCP4 " + std::string(words) + "\r\n") ==
                       "no two addresses and two ports of TCP4",
                   words);
    BOOST_TEST(problemOf(std::string("PROXY TCP4 192.0.2.1\0 192.0.2.9 1 2\r\n", 37)) ==
               "no two addresses and two ports of TCP4");
    for (const auto* words : {"192.0.2.1 192.0.2.9 1 2", "[2001:db8::1] ::1 1 2", "fe80::1%eth0 ::1 1 2"})
        BOOST_TEST(problemOf("PROXY TCP6 " + std::string(words) + "\r\n") ==
                       "no two addresses and two ports of TCP6",
                   words);
    BOOST_TEST(problemOf("PROXY TCP4 192.0.2.1 192.0.2.9 1234 8080\n\r\n") ==
               "no two addresses and two ports of TCP4");
}

BOOST_AUTO_TEST_CASE(version2_names_the_source) {
    BOOST_TEST(sourceIn(version2(0x21, 0x11, kAddresses4)) == "192.0.2.1:1234");
    BOOST_TEST(sourceIn(version2(0x21, 0x21, kAddresses6)) == "[2001:db8::1]:1234");
}

BOOST_AUTO_TEST_CASE(version2_may_have_more_behind_the_addresses) {
    BOOST_TEST(sourceIn(version2(0x21, 0x11, kAddresses4 + kTlv)) == "192.0.2.1:1234");
    BOOST_TEST(sourceIn(version2(0x21, 0x21, kAddresses6 + kTlv + kTlv)) == "[2001:db8::1]:1234");
    BOOST_TEST(sourceIn(version2(0x21, 0x11, kAddresses4 + std::string(4096 - 16 - 12, 'x'))) ==
               "192.0.2.1:1234");
}

BOOST_AUTO_TEST_CASE(version2_may_be_the_proxys_own) {
    for (const auto family : {0x00, 0x11, 0x21, 0x31, 0x12, 0xFF})
        for (const auto& rest : {std::string(), kTlv, kAddresses4, kAddresses6})
            BOOST_TEST(sourceIn(version2(0x20, family, rest)) == "own", family);
}

BOOST_AUTO_TEST_CASE(version2_may_be_of_somebody_without_an_ip_address) {
    BOOST_TEST(sourceIn(version2(0x21, 0x00, "")) == "own");
    BOOST_TEST(sourceIn(version2(0x21, 0x00, kTlv)) == "own");
    BOOST_TEST(sourceIn(version2(0x21, 0x31, std::string(216, '\0'))) == "own");
}

BOOST_AUTO_TEST_CASE(version2_is_taken_to_the_bit) {
    BOOST_TEST(problemOf(version2(0x11, 0x11, kAddresses4)) == "version 1 instead of 2");
    BOOST_TEST(problemOf(version2(0x31, 0x11, kAddresses4)) == "version 3 instead of 2");
    BOOST_TEST(problemOf(version2(0x22, 0x11, kAddresses4)) == "command 2, which is neither LOCAL nor PROXY");
    for (const auto family : {0x12, 0x22, 0x32, 0x41, 0x10, 0x01, 0x02})
        BOOST_TEST(problemOf(version2(0x21, family, kAddresses6)).starts_with("a connection that is not TCP"),
                   family);
    const std::string tooShort = "too short for the addresses that it says it has";
    BOOST_TEST(problemOf(version2(0x21, 0x11, kAddresses4.substr(1))) == tooShort);
    BOOST_TEST(problemOf(version2(0x21, 0x11, "")) == tooShort);
    BOOST_TEST(problemOf(version2(0x21, 0x21, kAddresses6.substr(1))) == tooShort);
}

/// It need not be there for that.
BOOST_AUTO_TEST_CASE(version2_has_4096_bytes_at_the_most) {
    const auto tooLong = version2(0x21, 0x11, kAddresses4 + std::string(4096 - 16 - 12 + 1, 'x'));
    BOOST_TEST(problemOf(tooLong) == "4097 bytes, more than 4096");
    BOOST_TEST(problemOf(tooLong.substr(0, 16)) == "4097 bytes, more than 4096");
    BOOST_TEST(problemOf(version2(0x20, 0, std::string(65535, 'x'))) == "65551 bytes, more than 4096");
}

BOOST_AUTO_TEST_CASE(what_begins_otherwise_is_seen_at_its_first_wrong_byte) {
    for (const std::string& begin : {std::string("x"), std::string("GET / HTTP/1.1\r\n"), std::string("PR0"),
                                     std::string("PROXY\t"), std::string("\x16\x03\x01"), std::string("\n"),
                                     std::string("\r\n\r\n\1"), std::string("\r\n\r\n\0\r\nQUIT\r", 12)})
        BOOST_TEST(problemOf(begin) == "neither \"PROXY \" nor the signature of version 2");
}

/// What the agent program writes.
BOOST_AUTO_TEST_CASE(reads_what_our_own_agent_writes) {
    using connector::proxyHeader;
    using connector::ProxyProtocol;
    for (const auto protocol : {ProxyProtocol::V1, ProxyProtocol::V2})
        for (const auto* target : {"192.0.2.9", "2001:db8::9"}) {
            const Poco::Net::SocketAddress to(target, 8080);
            BOOST_TEST(sourceIn(proxyHeader(protocol, "[2001:db8::1]:1234", to)) == "[2001:db8::1]:1234");
            BOOST_TEST(sourceIn(proxyHeader(protocol, "", to)) == "own");
        }
}

BOOST_AUTO_TEST_SUITE_END()
