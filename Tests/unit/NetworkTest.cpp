#include "base/Network.h"

#include <boost/test/unit_test.hpp>

using connector::Network;
using Poco::Net::IPAddress;

namespace {

bool contains(const std::string& network, const std::string& address) {
    return Network::parse(network).value().contains(IPAddress(address));
}

} // namespace

BOOST_AUTO_TEST_SUITE(NetworkInCidrNotation)

BOOST_AUTO_TEST_CASE(addresses_within_the_prefix_belong_to_it) {
    BOOST_TEST(contains("192.0.2.0/24", "192.0.2.0"));
    BOOST_TEST(contains("192.0.2.0/24", "192.0.2.255"));
    BOOST_TEST(!contains("192.0.2.0/24", "192.0.3.0"));
    BOOST_TEST(contains("10.0.0.128/25", "10.0.0.129"));
    BOOST_TEST(!contains("10.0.0.128/25", "10.0.0.127"));
    BOOST_TEST(contains("192.0.2.7/32", "192.0.2.7"));
    BOOST_TEST(!contains("192.0.2.7/32", "192.0.2.6"));
    BOOST_TEST(contains("0.0.0.0/0", "203.0.113.9"));
    BOOST_TEST(contains("2001:db8::/32", "2001:db8:ffff::1"));
    BOOST_TEST(!contains("2001:db8::/32", "2001:db9::1"));
    BOOST_TEST(contains("2001:db8:0:8000::/49", "2001:db8:0:ffff::1"));
    BOOST_TEST(!contains("2001:db8:0:8000::/49", "2001:db8:0:7fff::1"));
    BOOST_TEST(contains("::1/128", "::1"));
    BOOST_TEST(contains("::/0", "2001:db8::1"));
}

BOOST_AUTO_TEST_CASE(an_ipv4_address_on_an_ipv6_socket_is_that_ipv4_address) {
    BOOST_TEST(contains("192.0.2.0/24", "::ffff:192.0.2.1"));
    BOOST_TEST(!contains("192.0.2.0/24", "::ffff:192.0.3.1"));
    BOOST_TEST(!contains("::/0", "::ffff:192.0.2.1"));
}

BOOST_AUTO_TEST_CASE(the_families_do_not_mix) {
    BOOST_TEST(!contains("0.0.0.0/0", "2001:db8::1"));
    BOOST_TEST(!contains("::/0", "192.0.2.1"));
}

BOOST_AUTO_TEST_CASE(a_zone_makes_no_difference) {
    BOOST_TEST(contains("fe80::/64", "fe80::1%lo"));
    BOOST_TEST(!contains("2001:db8::/32", "fe80::1%lo"));
}

BOOST_AUTO_TEST_CASE(what_is_not_a_network_is_refused) {
    for (const auto* text :
         {"", "/", "192.0.2.0", "192.0.2.0/", "192.0.2.0/33", "192.0.2.0/-1", "192.0.2.0/+8", "192.0.2.0/ 24",
          "192.0.2.0/24 ", "192.0.2.0/2x", "192.0.2.0/24/24", "192.0.2/24", "256.0.0.0/8", "/24",
          "2001:db8::/129", "2001:db8::", "fe80::1%1/128", "localhost/8", "192.0.2.0/255.255.255.0"})
        BOOST_TEST(!Network::parse(text).has_value(), text);
}

BOOST_AUTO_TEST_CASE(bits_behind_the_prefix_are_refused) {
    for (const auto* text : {"192.0.2.1/24", "10.0.0.1/8", "128.0.0.0/0", "2001:db8::1/64", "2001:db8::/16"})
        BOOST_TEST(!Network::parse(text).has_value(), text);
}

BOOST_AUTO_TEST_CASE(ipv4_written_as_ipv6_is_refused) {
    BOOST_TEST(!Network::parse("::ffff:192.0.2.0/120").has_value());
}

BOOST_AUTO_TEST_SUITE_END()
