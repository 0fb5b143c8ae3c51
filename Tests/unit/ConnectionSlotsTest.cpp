#include "api/ConnectionSlots.h"

#include <boost/test/unit_test.hpp>

#include <vector>

using connector::ConnectionSlots;
using Poco::Net::IPAddress;

namespace {

constexpr std::chrono::milliseconds kNoTime{0};

bool hasRoomFor(ConnectionSlots& slots, const std::string& address) {
    return slots.take(IPAddress(address)).has_value();
}

} // namespace

BOOST_AUTO_TEST_SUITE(ConnectionSlotsOfTheApi)

BOOST_AUTO_TEST_CASE(an_address_has_so_many_and_no_more) {
    ConnectionSlots slots(2);
    const auto first = slots.take(IPAddress("192.0.2.1"));
    {
        const auto second = slots.take(IPAddress("192.0.2.1"));
        BOOST_TEST(!hasRoomFor(slots, "192.0.2.1"));
        BOOST_TEST(hasRoomFor(slots, "192.0.2.2"));
    }
    BOOST_TEST(hasRoomFor(slots, "192.0.2.1"));
}

BOOST_AUTO_TEST_CASE(an_ipv4_address_on_an_ipv6_socket_is_that_ipv4_address) {
    ConnectionSlots slots(1);
    const auto slot = slots.take(IPAddress("::ffff:192.0.2.1"));
    BOOST_TEST(!hasRoomFor(slots, "192.0.2.1"));
    BOOST_TEST(hasRoomFor(slots, "::ffff:192.0.2.2"));
}

BOOST_AUTO_TEST_CASE(the_addresses_of_an_ipv6_subnet_count_as_one) {
    ConnectionSlots slots(1);
    const auto slot = slots.take(IPAddress("2001:db8:0:1::1"));
    BOOST_TEST(!hasRoomFor(slots, "2001:db8:0:1:ffff::2"));
    BOOST_TEST(hasRoomFor(slots, "2001:db8:0:2::1"));
}

BOOST_AUTO_TEST_CASE(waiting_ends_when_the_last_one_is_given_back) {
    ConnectionSlots slots(1);
    BOOST_TEST(slots.waitUntilEmpty(kNoTime));
    {
        std::vector<ConnectionSlots::Slot> taken;
        taken.push_back(slots.take(IPAddress("192.0.2.1")).value());
        taken.push_back(slots.take(IPAddress("192.0.2.2")).value());
        BOOST_TEST(!slots.waitUntilEmpty(kNoTime));
        taken.pop_back();
        BOOST_TEST(!slots.waitUntilEmpty(kNoTime));
    }
    BOOST_TEST(slots.waitUntilEmpty(kNoTime));
}

BOOST_AUTO_TEST_SUITE_END()
