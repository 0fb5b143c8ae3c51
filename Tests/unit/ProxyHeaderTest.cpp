#include "agent/ProxyHeader.h"

#include <boost/test/unit_test.hpp>

#include <string>

using connector::proxyHeader;
using connector::ProxyProtocol;

namespace {

const Poco::Net::SocketAddress kTarget4("192.0.2.9", 8080);
const Poco::Net::SocketAddress kTarget6("2001:db8::9", 8080);
const std::string kSignature("\r\n\r\n\0\r\nQUIT\n", 12);
const std::string kTarget4Bytes("\xC0\0\2\x09", 4);
const std::string kTarget6Bytes("\x20\x01\x0D\xB8\0\0\0\0\0\0\0\0\0\0\0\x09", 16);
/// 1234 and 8080.
const std::string kPorts("\x04\xD2\x1F\x90", 4);

std::string version1(const std::string& visitor, const Poco::Net::SocketAddress& target) {
    return proxyHeader(ProxyProtocol::V1, visitor, target);
}

std::string version2(const std::string& visitor, const Poco::Net::SocketAddress& target) {
    return proxyHeader(ProxyProtocol::V2, visitor, target);
}

/// What has no address and port in it.
const std::vector<std::string> kUnknown{"",         "visitor",         "192.0.2.1",    "192.0.2.1:",
                                        ":80",      "192.0.2.1:65536", "192.0.2.1:-1", "192.0.2.1:80x",
                                        "[::1:80",  "192.0.2.256:80",  "[::1]80",      "[]:80",
                                        "[::g]:80", "192.0.2.1: 80",   "host:80",      "[::1]:"};

} // namespace

BOOST_AUTO_TEST_SUITE(ProxyHeader)

BOOST_AUTO_TEST_CASE(there_is_none_unless_asked_for) {
    BOOST_TEST(proxyHeader(ProxyProtocol::None, "192.0.2.1:1234", kTarget4) == "");
}

BOOST_AUTO_TEST_CASE(version1_is_a_line) {
    BOOST_TEST(version1("192.0.2.1:1234", kTarget4) == "PROXY TCP4 192.0.2.1 192.0.2.9 1234 8080\r\n");
    BOOST_TEST(version1("[2001:db8::1]:1234", kTarget6) ==
               "PROXY TCP6 2001:db8::1 2001:db8::9 1234 8080\r\n");
}

BOOST_AUTO_TEST_CASE(version1_has_both_addresses_of_one_family) {
    BOOST_TEST(version1("192.0.2.1:1234", kTarget6) ==
               "PROXY TCP6 ::ffff:192.0.2.1 2001:db8::9 1234 8080\r\n");
    BOOST_TEST(version1("[2001:db8::1]:1234", kTarget4) ==
               "PROXY TCP6 2001:db8::1 ::ffff:192.0.2.9 1234 8080\r\n");
    BOOST_TEST(version1("[::ffff:192.0.2.1]:1234", kTarget4) ==
               "PROXY TCP4 192.0.2.1 192.0.2.9 1234 8080\r\n");
}

BOOST_AUTO_TEST_CASE(version1_is_never_longer_than_a_proxy_reads) {
    const std::string longest = "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535";
    BOOST_TEST(version1(longest, Poco::Net::SocketAddress(longest)).size() <= 107);
}

BOOST_AUTO_TEST_CASE(version1_of_an_unknown_visitor) {
    for (const auto& visitor : kUnknown)
        BOOST_TEST(version1(visitor, kTarget4) == "PROXY UNKNOWN\r\n", "\"" << visitor << "\"");
}

BOOST_AUTO_TEST_CASE(version2_is_binary) {
    BOOST_TEST((version2("192.0.2.1:1234", kTarget4) == kSignature + std::string("\x21\x11\0\x0C", 4) +
                                                            std::string("\xC0\0\2\1", 4) + kTarget4Bytes +
                                                            kPorts));
    BOOST_TEST((version2("[2001:db8::1]:1234", kTarget6) ==
                kSignature + std::string("\x21\x21\0\x24", 4) +
                    std::string("\x20\x01\x0D\xB8\0\0\0\0\0\0\0\0\0\0\0\1", 16) + kTarget6Bytes + kPorts));
}

BOOST_AUTO_TEST_CASE(version2_has_both_addresses_of_one_family) {
    BOOST_TEST((version2("192.0.2.1:1234", kTarget6) ==
                kSignature + std::string("\x21\x21\0\x24", 4) + std::string(10, '\0') +
                    std::string("\xFF\xFF\xC0\0\2\1", 6) + kTarget6Bytes + kPorts));
}

BOOST_AUTO_TEST_CASE(version2_of_an_unknown_visitor) {
    for (const auto& visitor : kUnknown)
        BOOST_TEST((version2(visitor, kTarget4) == kSignature + std::string("\x20\0\0\0", 4)),
                   "\"" << visitor << "\"");
}

BOOST_AUTO_TEST_SUITE_END()
