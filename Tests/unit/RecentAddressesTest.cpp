#include "pipe/RecentAddresses.h"

#include <boost/test/unit_test.hpp>

#include <string>

using connector::PipeLimits;
using connector::RecentAddresses;
using connector::Reloadable;
using namespace std::chrono_literals;

namespace {

struct Recent {
    void add(const std::string& owner) { addresses.add(owner, now); }
    bool has(const std::string& owner) const { return addresses.has(owner, now); }

    Reloadable<PipeLimits> limits{{.agentMemory = 1s}};
    RecentAddresses addresses{limits};
    RecentAddresses::Clock::time_point now = RecentAddresses::Clock::now();
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(AddressesOfLate, Recent)

BOOST_AUTO_TEST_CASE(an_address_is_remembered_for_so_long) {
    BOOST_TEST(!has("A"));
    add("A");
    BOOST_TEST(has("A"));
    BOOST_TEST(!has("B"));
    now += 1s;
    BOOST_TEST(has("A"));
    now += 1ms;
    BOOST_TEST(!has("A"));
}

BOOST_AUTO_TEST_CASE(one_that_comes_again_is_remembered_from_then_on) {
    add("A");
    now += 900ms;
    add("A");
    now += 900ms;
    BOOST_TEST(has("A"));
    now += 1s;
    BOOST_TEST(!has("A"));
    add("A");
    BOOST_TEST(has("A"));
}

BOOST_AUTO_TEST_CASE(the_one_that_is_the_longest_ago_makes_room) {
    for (std::size_t i = 0; i < RecentAddresses::kMost; ++i)
        add(std::to_string(i));
    add("0"); // again: now "1" is the one
    BOOST_TEST(has("1"));
    add("another");
    BOOST_TEST(has("another"));
    BOOST_TEST(has("0"));
    BOOST_TEST(!has("1"));
    BOOST_TEST(has("2"));
}

BOOST_AUTO_TEST_SUITE_END()
