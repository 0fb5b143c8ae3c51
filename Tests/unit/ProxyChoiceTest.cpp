#include "agent/proxy/ProxyChoice.h"

#include <boost/test/unit_test.hpp>

#include <string>
#include <utility>
#include <vector>

namespace {

bool isProxied(const std::string& host, const std::string& exceptions) {
    return connector::ProxyChoice{connector::HttpProxy{"proxy.example", 3128, ""}, exceptions}
        .to(host)
        .has_value();
}

} // namespace

BOOST_AUTO_TEST_SUITE(ProxyChoice)

BOOST_AUTO_TEST_CASE(without_a_proxy_there_is_none) {
    BOOST_TEST(!connector::ProxyChoice().to("connector.example"));
}

BOOST_AUTO_TEST_CASE(without_exceptions_all_hosts_have_it) {
    for (const auto* host : {"connector.example", "localhost", "127.0.0.1", "::1"})
        BOOST_TEST(isProxied(host, ""), host);
}

BOOST_AUTO_TEST_CASE(an_asterisk_is_all) {
    BOOST_TEST(!isProxied("connector.example", "*"));
    BOOST_TEST(!isProxied("192.0.2.7", "other.example, *"));
    BOOST_TEST(isProxied("connector.example", "*.example"), "it is no pattern");
}

BOOST_AUTO_TEST_CASE(names_stand_for_all_that_are_below_them) {
    for (const auto* exceptions : {"fog.example", ".fog.example", "FOG.example.", "a.b,fog.example",
                                   "a.b, fog.example", "a.b fog.example c.d", ",,fog.example,"}) {
        BOOST_TEST(!isProxied("fog.example", exceptions), exceptions);
        BOOST_TEST(!isProxied("Connector.Fog.Example.", exceptions), exceptions);
        BOOST_TEST(isProxied("smog.example", exceptions), exceptions);
        BOOST_TEST(isProxied("myfog.example", exceptions), exceptions);
        BOOST_TEST(isProxied("fog.example.org", exceptions), exceptions);
    }
    BOOST_TEST(isProxied("fog.example", "."));
}

BOOST_AUTO_TEST_CASE(addresses_and_networks_count_for_addresses) {
    BOOST_TEST(!isProxied("192.0.2.7", "192.0.2.7"));
    BOOST_TEST(isProxied("192.0.2.70", "192.0.2.7"));
    BOOST_TEST(isProxied("1.192.0.2.7.example", "192.0.2.7"));
    BOOST_TEST(!isProxied("192.0.2.7", "10.0.0.0/8,192.0.2.0/24"));
    BOOST_TEST(isProxied("192.0.3.7", "192.0.2.0/24"));
    BOOST_TEST(!isProxied("2001:db8::1", "2001:DB8:0::1"));
    BOOST_TEST(!isProxied("2001:db8::1", "[2001:db8::1]"));
    BOOST_TEST(!isProxied("2001:db8::1", "2001:db8::/32"));
    BOOST_TEST(isProxied("2001:db9::1", "2001:db8::/32"));
    BOOST_TEST(isProxied("192.0.2.7", "2.7"), "parts of an address are no domain");
}

/// Who can't look a name up can't tell, and who can must not have to.
BOOST_AUTO_TEST_CASE(names_are_not_looked_up) {
    BOOST_TEST(isProxied("localhost", "127.0.0.1,127.0.0.0/8,::1"));
}

BOOST_AUTO_TEST_SUITE_END()
