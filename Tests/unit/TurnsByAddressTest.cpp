#include "pipe/TurnsByAddress.h"

#include <boost/test/unit_test.hpp>

#include <map>

namespace {

/// People, each with a name, of some house.
struct Queue {
    using Turns = connector::TurnsByAddress<std::string>;

    void add(const std::string& house, const std::string& name) {
        places[name] = {house, turns.add(house, name)};
    }

    void takeOut(const std::string& name) { turns.take(places[name].first, places[name].second); }

    /// Serves all of them.
    std::string order() {
        std::string names;
        while (!turns.isEmpty()) {
            const auto name = turns.front();
            names += name;
            takeOut(name);
            turns.turnIsOver(places[name].first);
        }
        return names;
    }

    Turns turns;
    std::map<std::string, std::pair<std::string, Turns::List::iterator>> places;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(TurnsOfAddresses, Queue)

BOOST_AUTO_TEST_CASE(of_one_address_the_first_comes_first) {
    for (const auto* name : {"1", "2", "3"})
        add("A", name);
    BOOST_TEST(order() == "123");
}

BOOST_AUTO_TEST_CASE(addresses_take_turns) {
    for (const auto* name : {"1", "2", "3", "4"})
        add("A", name);
    add("B", "5");
    add("C", "6");
    add("B", "7");
    BOOST_TEST(order() == "1562734");
}

BOOST_AUTO_TEST_CASE(one_that_leaves_is_no_turn) {
    for (const auto* name : {"1", "2"})
        add("A", name);
    for (const auto* name : {"3", "4"})
        add("B", name);
    takeOut("1");
    BOOST_TEST(order() == "234");
}

BOOST_AUTO_TEST_CASE(one_that_comes_back_is_in_front) {
    add("A", "1");
    add("B", "2");
    add("B", "3");
    turns.addInFront("B", "0");
    BOOST_TEST(turns.front() == "0");
    BOOST_TEST(turns.of("B")->size() == 3U);
    turns.addInFront("C", "9");
    BOOST_TEST(turns.front() == "9");
}

BOOST_AUTO_TEST_CASE(next_one_is_taken_with_its_turn) {
    for (const auto* name : {"1", "2"})
        add("A", name);
    add("B", "3");
    BOOST_TEST(turns.takeNext() == "1");
    BOOST_TEST(turns.takeNext() == "3");
    BOOST_TEST(turns.takeNext() == "2");
    BOOST_TEST(turns.isEmpty());
}

BOOST_AUTO_TEST_CASE(addresses_without_anybody_are_forgotten) {
    add("A", "1");
    add("B", "2");
    takeOut("1");
    BOOST_TEST(turns.of("A") == nullptr);
    std::size_t addresses = 0;
    turns.forEachAddress([&](const std::string& address, std::size_t count) {
        BOOST_TEST(address == "B");
        BOOST_TEST(count == 1U);
        ++addresses;
    });
    BOOST_TEST(addresses == 1U);
    takeOut("2");
    BOOST_TEST(turns.isEmpty());
}

BOOST_AUTO_TEST_SUITE_END()
