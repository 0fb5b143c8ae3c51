#include "pipe/HandshakeTurns.h"

#include <boost/test/unit_test.hpp>

#include <list>

using connector::EventLoop;
using connector::HandshakeTurns;

namespace {

/// Handshakes, each with a name, that have one step to do; the loop ends when all have done it.
struct Turns {
    struct Waiter final : HandshakeTurns::Waiter {
        Waiter(Turns& all_, std::string name_) : all(all_), name(std::move(name_)) {}
        void onTurn() override {
            all.order += name;
            if (all.order.size() == all.expected) all.loop.stop();
        }
        Turns& all;
        const std::string name;
    };

    HandshakeTurns::Waiter& request(const std::string& owner, const std::string& name, bool isKnown = false) {
        auto& waiter = waiters.emplace_back(*this, name);
        ++expected;
        turns->request(waiter, owner, isKnown);
        return waiter;
    }

    std::string run() {
        loop.run();
        return order;
    }

    EventLoop loop;
    std::shared_ptr<HandshakeTurns> turns = std::make_shared<HandshakeTurns>(loop);
    std::list<Waiter> waiters;
    std::string order;
    std::size_t expected = 0;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(TurnsOfHandshakes, Turns)

BOOST_AUTO_TEST_CASE(addresses_take_turns) {
    for (const auto* name : {"1", "2", "3"})
        request("A", name);
    request("B", "4");
    BOOST_TEST(run() == "1423");
}

BOOST_AUTO_TEST_CASE(every_second_turn_is_of_those_that_are_known) {
    for (const auto* name : {"1", "2", "3"})
        request(name, name);
    request("D", "4", /*isKnown*/ true);
    request("D", "5", /*isKnown*/ true);
    BOOST_TEST(run() == "41523");
}

BOOST_AUTO_TEST_CASE(one_that_withdraws_is_not_called) {
    request("A", "1");
    auto& gone = request("A", "2");
    request("B", "3", /*isKnown*/ true);
    turns->withdraw(gone, "A", /*isKnown*/ false);
    --expected;
    BOOST_TEST(run() == "31");
}

BOOST_AUTO_TEST_SUITE_END()
