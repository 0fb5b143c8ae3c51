#include "cli/setup/Addresses.h"

#include <boost/test/unit_test.hpp>

using connector::reachableOf;

namespace {

using Texts = std::vector<std::string>;

Texts reachable(const Texts& addresses) {
    std::vector<Poco::Net::IPAddress> parsed;
    for (const auto& address : addresses)
        parsed.emplace_back(address);
    return reachableOf(parsed);
}

} // namespace

BOOST_AUTO_TEST_SUITE(LocalAddresses)

BOOST_AUTO_TEST_CASE(public_ones_are_reachable) {
    const Texts publicOnes{"192.0.2.7", "2001:db8::7", "172.32.0.1", "100.128.0.1"};
    BOOST_TEST(reachable(publicOnes) == publicOnes, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(loopback_and_link_local_ones_are_not) {
    BOOST_TEST(
        reachable({"127.0.0.1", "127.1.2.3", "::1", "169.254.1.1", "fe80::1", "0.0.0.0", "::"}).empty());
}

BOOST_AUTO_TEST_CASE(private_ones_are_where_there_is_nothing_else) {
    const Texts privateOnes{"10.1.2.3", "172.16.0.1", "172.31.255.1", "192.168.1.1", "100.64.0.1", "fd00::1"};
    BOOST_TEST(reachable(privateOnes) == privateOnes, boost::test_tools::per_element());
    auto both = privateOnes;
    both.emplace_back("192.0.2.7");
    BOOST_TEST(reachable(both) == Texts{"192.0.2.7"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(each_is_there_once) {
    BOOST_TEST(reachable({"192.0.2.7", "192.0.2.8", "192.0.2.7"}) == (Texts{"192.0.2.7", "192.0.2.8"}),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
