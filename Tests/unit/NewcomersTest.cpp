#include "pipe/Newcomers.h"

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <list>
#include <string>

using connector::AgentRejection;
using connector::Newcomer;
using connector::Newcomers;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t kMost = 4;
const std::string kNobody = "nobody";

/// Newcomers only tells them apart.
struct Named final : Newcomer {
    explicit Named(std::string name_) : name(std::move(name_)) {}
    void end(const std::string&, AgentRejection) override {}

    std::string name;
};

/// A port's newcomers, each with a name.
class Port {
  public:
    void comes(const std::string& name, const std::string& owner, bool isKnown = false) {
        _all.emplace_back(name);
        newcomers.add(_all.back(), owner, isKnown, now);
    }

    void leaves(const std::string& name) {
        for (auto& one : _all)
            if (one.name == name) newcomers.remove(one);
    }

    /// The name of the one that has to go.
    std::string surplusFor(const std::string& owner, bool isKnown = false) const {
        const auto* surplus = newcomers.surplus(owner, isKnown, now);
        if (!surplus) return kNobody;
        return static_cast<const Named*>(surplus)->name;
    }

    Newcomers newcomers{[] { return kMost; }};
    Newcomers::Clock::time_point now = Newcomers::Clock::now();

  private:
    std::list<Named> _all;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(NewcomersOfAPort, Port)

BOOST_AUTO_TEST_CASE(nobody_goes_while_there_is_room) {
    for (const auto* name : {"1", "2", "3"})
        comes(name, "A");
    BOOST_TEST(surplusFor("A") == kNobody);
    comes("4", "A");
    BOOST_TEST(surplusFor("A") != kNobody);
    leaves("2");
    BOOST_TEST(surplusFor("A") == kNobody);
    BOOST_TEST(newcomers.count() == 3U);
    leaves("2");
    BOOST_TEST(newcomers.count() == 3U, "it is not there any more");
}

BOOST_AUTO_TEST_CASE(oldest_goes_when_it_had_its_time) {
    for (const auto* name : {"1", "2", "3", "4"})
        comes(name, "A");
    now += Newcomers::kSpared;
    BOOST_TEST(surplusFor("A") == "1");
    leaves("1");
    comes("5", "A");
    BOOST_TEST(surplusFor("A") == "2");
}

BOOST_AUTO_TEST_CASE(first_half_is_spared_while_it_is_young) {
    for (const auto* name : {"1", "2", "3", "4"})
        comes(name, "A");
    now += Newcomers::kSpared - 1ms;
    BOOST_TEST(surplusFor("A") == "3");
    now += 1ms;
    BOOST_TEST(surplusFor("A") == "1");
}

BOOST_AUTO_TEST_CASE(address_with_the_most_makes_room) {
    comes("b1", "B");
    for (const auto* name : {"a1", "a2", "a3"})
        comes(name, "A");
    now += Newcomers::kSpared;
    BOOST_TEST(surplusFor("A") == "a1");
    BOOST_TEST(surplusFor("B") == "a1");
    BOOST_TEST(surplusFor("C") == "a1");
}

/// Else an address could have a place more by coming last.
BOOST_AUTO_TEST_CASE(who_comes_counts_with_its_address) {
    for (const auto* name : {"a1", "a2"})
        comes(name, "A");
    now += 1ms;
    for (const auto* name : {"b1", "b2"})
        comes(name, "B");
    now += Newcomers::kSpared;
    BOOST_TEST(surplusFor("A") == "a1");
    BOOST_TEST(surplusFor("B") == "b1");
}

BOOST_AUTO_TEST_CASE(of_addresses_with_as_many_the_oldest_that_had_its_time_goes) {
    for (const auto* owner : {"B", "A", "D", "C"}) {
        comes(std::string("of ") + owner, owner);
        now += 1ms;
    }
    now += Newcomers::kSpared;
    BOOST_TEST(surplusFor("E") == "of B");
    leaves("of B");
    comes("of E", "E");
    BOOST_TEST(surplusFor("F") == "of A");
}

/// Those before it would never have their time otherwise.
BOOST_AUTO_TEST_CASE(of_addresses_with_as_many_the_last_goes_while_all_are_young) {
    for (const auto* owner : {"B", "A", "D", "C"}) {
        comes(std::string("of ") + owner, owner);
        now += 1ms;
    }
    BOOST_TEST(surplusFor("E") == "of C");
    leaves("of C");
    comes("of E", "E");
    BOOST_TEST(surplusFor("F") == "of E");
}

BOOST_AUTO_TEST_CASE(one_that_had_its_time_goes_before_one_that_has_not) {
    comes("old", "B");
    now += Newcomers::kSpared;
    for (const auto* owner : {"A", "C", "D"})
        comes(std::string("of ") + owner, owner);
    BOOST_TEST(surplusFor("E") == "old");
}

BOOST_AUTO_TEST_CASE(those_that_are_known_are_counted_apart) {
    for (const auto* name : {"a1", "a2", "a3", "a4"})
        comes(name, "A");
    BOOST_TEST(surplusFor("B", /*isKnown*/ true) == kNobody);
    for (const auto* name : {"b1", "b2", "b3"})
        comes(name, "B", /*isKnown*/ true);
    BOOST_TEST(surplusFor("B", /*isKnown*/ true) == kNobody);
    comes("c1", "C", /*isKnown*/ true);
    now += Newcomers::kSpared;
    BOOST_TEST(surplusFor("B", /*isKnown*/ true) == "b1");
    BOOST_TEST(surplusFor("D") == "a1");
    BOOST_TEST(newcomers.count() == 8U);
    leaves("b1");
    BOOST_TEST(surplusFor("B", /*isKnown*/ true) == kNobody);
    BOOST_TEST(surplusFor("D") == "a1");
}

/// An address becomes known while some of its connections are there already.
BOOST_AUTO_TEST_CASE(one_leaves_where_it_was_counted) {
    for (const auto* name : {"1", "2", "3"})
        comes(name, "A");
    comes("4", "A", /*isKnown*/ true);
    comes("5", "A");
    leaves("4");
    BOOST_TEST(surplusFor("A") != kNobody);
    leaves("5");
    BOOST_TEST(surplusFor("A") == kNobody);
}

BOOST_AUTO_TEST_SUITE_END()
