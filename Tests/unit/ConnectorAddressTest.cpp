#include "agent/ConnectorAddress.h"

#include <boost/test/unit_test.hpp>

using namespace connector;

namespace {

ConnectorAddress at(const std::string& host, const std::string& address) {
    return {host, Poco::Net::SocketAddress(address, 6000)};
}

const auto kA1 = at("a.example", "192.0.2.1");
const auto kA2 = at("a.example", "192.0.2.2");
const auto kA3 = at("a.example", "2001:db8::3");
const auto kB1 = at("b.example", "192.0.2.1");

connector::ConnectorAddress through(const std::string& host, const std::string& proxy) {
    return {.host = host, .proxy = HttpProxy{proxy, 3128, "user:password"}};
}

} // namespace

BOOST_AUTO_TEST_SUITE(ConnectorAddress)

BOOST_AUTO_TEST_CASE(all_are_found_in_their_order) {
    BOOST_TEST((withHeldFirst({}, {kA1, kA2, kA3}) == ConnectorAddresses{kA1, kA2, kA3}));
    BOOST_TEST((withHeldFirst({}, {}).empty()));
}

/// Name servers turn their answers around.
BOOST_AUTO_TEST_CASE(those_that_are_held_keep_their_order_and_come_first) {
    BOOST_TEST((withHeldFirst({kA2, kA3}, {kA3, kA1, kA2}) == ConnectorAddresses{kA2, kA3, kA1}));
}

BOOST_AUTO_TEST_CASE(those_that_are_not_found_again_go) {
    BOOST_TEST((withHeldFirst({kA1, kA2}, {kA3, kA2}) == ConnectorAddresses{kA2, kA3}));
    BOOST_TEST((withHeldFirst({kA1, kA2}, {}).empty()));
}

BOOST_AUTO_TEST_CASE(an_address_counts_once) {
    BOOST_TEST((withHeldFirst({}, {kA1, kB1, kA1}) == ConnectorAddresses{kA1}));
}

/// Its connections have shown a certificate for that host.
BOOST_AUTO_TEST_CASE(an_address_stays_with_its_host_as_long_as_that_has_it) {
    BOOST_TEST((withHeldFirst({kB1}, {kA1, kB1}) == ConnectorAddresses{kB1}));
    BOOST_TEST((withHeldFirst({kB1}, {kA1}) == ConnectorAddresses{kA1}));
}

BOOST_AUTO_TEST_CASE(is_shown_with_its_host_unless_that_is_the_address) {
    BOOST_TEST(kA1.toString() == "a.example (192.0.2.1)");
    BOOST_TEST(kA3.toString() == "a.example (2001:db8::3)");
    BOOST_TEST(at("192.0.2.1", "192.0.2.1").toString() == "192.0.2.1");
}

/// Two names may be one Connector there, too; only the proxy knows.
BOOST_AUTO_TEST_CASE(behind_a_proxy_each_host_counts) {
    const auto a = through("a.example", "proxy.example");
    const auto b = through("b.example", "proxy.example");
    const auto other = through("a.example", "other.example");
    BOOST_TEST((withHeldFirst({b}, {a, b, a, kA1}) == ConnectorAddresses{b, a, kA1}));
    BOOST_TEST((withHeldFirst({a}, {other}) == ConnectorAddresses{other}));
    BOOST_TEST(a.toString() == "a.example (through proxy.example:3128)");
}

BOOST_AUTO_TEST_SUITE_END()
