#include "pipe/VisitorGate.h"
#include "base/PeerAddress.h"

#include <boost/test/unit_test.hpp>

#include <optional>
#include <vector>

namespace connector {

std::ostream& operator<<(std::ostream& out, VisitorRefusal refusal) {
    return out << static_cast<int>(refusal);
}

} // namespace connector

using connector::kUnlimitedTraffic;
using connector::Network;
using connector::TrafficLimits;
using connector::VisitorGate;
using connector::VisitorRefusal;
using namespace std::chrono_literals;

namespace {

struct Gate {
    explicit Gate(const TrafficLimits& limits = kUnlimitedTraffic, std::size_t most = 1000)
        : gate(VisitorGate::make(limits, most)) {}

    /// True when it is let in, and stays.
    bool enters(const std::string& address) {
        VisitorGate::Place place;
        refusal = gate->admit(Poco::Net::IPAddress(address), now, place);
        if (place) places.push_back(place);
        return !refusal;
    }

    std::shared_ptr<VisitorGate> gate;
    VisitorGate::Clock::time_point now = VisitorGate::Clock::now();
    std::vector<VisitorGate::Place> places;
    std::optional<VisitorRefusal> refusal;
};

std::string ownerOfText(const std::string& address) {
    return connector::ownerOf(Poco::Net::IPAddress(address));
}

TrafficLimits with(void (*change)(TrafficLimits&)) {
    auto limits = kUnlimitedTraffic;
    change(limits);
    return limits;
}

} // namespace

BOOST_AUTO_TEST_SUITE(GateOfVisitors)

BOOST_AUTO_TEST_CASE(an_address_has_so_many_places) {
    Gate gate(with([](TrafficLimits& limits) { limits.visitorsPerAddress = 2; }));
    BOOST_TEST(gate.enters("192.0.2.1"));
    BOOST_TEST(gate.enters("::ffff:192.0.2.1"));
    BOOST_TEST(!gate.enters("192.0.2.1"));
    BOOST_TEST(gate.refusal.value() == VisitorRefusal::PerAddress);
    BOOST_TEST(gate.enters("192.0.2.2"));
    gate.places.erase(gate.places.begin());
    BOOST_TEST(gate.enters("192.0.2.1"));
}

BOOST_AUTO_TEST_CASE(an_ipv6_network_counts_as_one_address) {
    Gate gate(with([](TrafficLimits& limits) { limits.visitorsPerAddress = 1; }));
    BOOST_TEST(gate.enters("2001:db8:0:1::1"));
    BOOST_TEST(!gate.enters("2001:db8:0:1:ffff::2"));
    BOOST_TEST(gate.enters("2001:db8:0:2::1"));
}

BOOST_AUTO_TEST_CASE(so_many_come_within_a_second) {
    Gate gate(with([](TrafficLimits& limits) { limits.visitorRate = 2; }));
    BOOST_TEST(gate.enters("192.0.2.1"));
    BOOST_TEST(gate.enters("192.0.2.1"));
    BOOST_TEST(!gate.enters("192.0.2.1"));
    BOOST_TEST(gate.refusal.value() == VisitorRefusal::Rate);
    BOOST_TEST(gate.enters("192.0.2.2"));
    gate.now += 500ms;
    BOOST_TEST(gate.enters("192.0.2.1"));
    BOOST_TEST(!gate.enters("192.0.2.1"));
    gate.places.clear(); // those who have left count, too
    BOOST_TEST(!gate.enters("192.0.2.1"));
    gate.now += 1h;
    BOOST_TEST(gate.enters("192.0.2.1"));
    BOOST_TEST(gate.enters("192.0.2.1"));
    BOOST_TEST(!gate.enters("192.0.2.1"), "what was not used is not saved");
}

/// Whoever has many addresses can't have the others forgotten.
BOOST_AUTO_TEST_CASE(an_address_is_known_for_its_second_however_many_come) {
    Gate gate(with([](TrafficLimits& limits) { limits.visitorRate = 1; }));
    BOOST_TEST(gate.enters("192.0.2.1"));
    gate.places.clear();
    for (int i = 0; i < 5000; ++i) {
        gate.enters("10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250));
        gate.places.clear();
    }
    BOOST_TEST(!gate.enters("192.0.2.1"));
}

BOOST_AUTO_TEST_CASE(networks_are_allowed_and_denied) {
    Gate gate(with([](TrafficLimits& limits) {
        limits.allow = std::vector{*Network::parse("192.0.2.0/24")};
        limits.deny = std::vector{*Network::parse("192.0.2.128/25")};
    }));
    BOOST_TEST(gate.enters("192.0.2.1"));
    BOOST_TEST(!gate.enters("192.0.2.129"));
    BOOST_TEST(!gate.enters("198.51.100.1"));
    BOOST_TEST(gate.refusal.value() == VisitorRefusal::Denied);
    gate.gate->limit(
        with([](TrafficLimits& limits) { limits.deny = std::vector{*Network::parse("192.0.2.1/32")}; }),
        1000);
    BOOST_TEST(gate.enters("198.51.100.1"));
    BOOST_TEST(!gate.enters("192.0.2.1"));
}

BOOST_AUTO_TEST_CASE(fewer_places_are_for_those_who_come_later) {
    Gate gate(kUnlimitedTraffic, 3);
    BOOST_TEST(gate.enters("192.0.2.1"));
    BOOST_TEST(gate.enters("192.0.2.2"));
    gate.gate->limit(kUnlimitedTraffic, 1);
    gate.places.pop_back();
    BOOST_TEST(!gate.enters("192.0.2.3"));
    gate.places.clear();
    BOOST_TEST(gate.enters("192.0.2.3"));
}

BOOST_AUTO_TEST_CASE(all_together_have_so_many_places) {
    Gate gate(kUnlimitedTraffic, 2);
    BOOST_TEST(gate.enters("192.0.2.1"));
    BOOST_TEST(gate.enters("192.0.2.2"));
    BOOST_TEST(!gate.enters("192.0.2.3"));
    BOOST_TEST(gate.refusal.value() == VisitorRefusal::Share);
    VisitorGate::Place place;
    BOOST_TEST(
        !gate.gate->admit(Poco::Net::IPAddress("192.0.2.3"), gate.now, place, VisitorGate::Room::OneMore));
    gate.places.clear();
    BOOST_TEST(gate.enters("192.0.2.1"));
    BOOST_TEST(!gate.enters("192.0.2.1"), "the third one is still here");
}

BOOST_AUTO_TEST_CASE(who_finds_no_place_may_come_at_once_when_there_is_one) {
    Gate gate(with([](TrafficLimits& limits) { limits.visitorRate = 1; }), 1);
    BOOST_TEST(gate.enters("192.0.2.1"));
    BOOST_TEST(!gate.enters("192.0.2.2"));
    BOOST_TEST(gate.refusal.value() == VisitorRefusal::Share);
    gate.places.clear();
    BOOST_TEST(gate.enters("192.0.2.2"));
}

BOOST_AUTO_TEST_CASE(the_busiest_has_more_than_others_with_their_newcomers) {
    Gate gate;
    BOOST_TEST(gate.gate->busierThan(ownerOfText("192.0.2.1"), 1).empty());
    gate.enters("192.0.2.9");
    BOOST_TEST(gate.gate->busierThan(ownerOfText("192.0.2.1"), 1).empty());
    gate.enters("192.0.2.9");
    BOOST_TEST(gate.gate->busierThan(ownerOfText("192.0.2.1"), 1) == ownerOfText("192.0.2.9"));
    gate.enters("192.0.2.1");
    BOOST_TEST(gate.gate->busierThan(ownerOfText("192.0.2.1"), 0) == ownerOfText("192.0.2.9"));
    BOOST_TEST(gate.gate->busierThan(ownerOfText("192.0.2.1"), 1).empty());
    BOOST_TEST(gate.gate->busierThan(ownerOfText("192.0.2.9"), 1).empty());
}

BOOST_AUTO_TEST_CASE(places_may_outlive_whoever_asks) {
    VisitorGate::Place place;
    {
        Gate gate;
        gate.gate->admit(Poco::Net::IPAddress("192.0.2.1"), gate.now, place);
    }
    place.reset();
}

BOOST_AUTO_TEST_SUITE_END()
