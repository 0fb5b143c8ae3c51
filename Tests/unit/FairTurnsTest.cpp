#include "http/FairTurns.h"

#include <boost/test/unit_test.hpp>

#include <functional>
#include <string>

using connector::EventLoop;
using connector::FairTurns;
using connector::TurnTaker;

namespace {

/// Calls a function when its turn has come.
class Calling final : public TurnTaker {
  public:
    explicit Calling(std::function<void()> function) : _function(std::move(function)) {}
    void onTurn() override { _function(); }

  private:
    std::function<void()> _function;
};

/// Until the clock has gone on by so much.
void work(std::chrono::microseconds time) {
    const auto end = EventLoop::Clock::now() + time;
    while (EventLoop::Clock::now() < end) {
    }
}

} // namespace

BOOST_AUTO_TEST_SUITE(HttpTurns)

BOOST_AUTO_TEST_CASE(whoever_has_had_the_least_is_next) {
    EventLoop loop;
    FairTurns turns(loop);
    std::string order;
    const auto taker = [&](char name, std::chrono::microseconds takes) {
        return Calling([&order, name, takes] {
            work(takes);
            order += name;
        });
    };
    Calling a1 = taker('a', std::chrono::milliseconds(50));
    Calling a2 = taker('a', std::chrono::milliseconds(50));
    Calling b1 = taker('b', std::chrono::microseconds(0));
    Calling b2 = taker('b', std::chrono::microseconds(0));
    Calling last([&] { loop.stop(); });
    turns.wait("a", a1);
    turns.wait("a", a2);
    turns.wait("a", last);
    turns.wait("b", b1);
    turns.wait("b", b2);
    loop.run();
    BOOST_TEST(order == "abba");
}

BOOST_AUTO_TEST_CASE(those_of_one_owner_come_in_their_order) {
    EventLoop loop;
    FairTurns turns(loop);
    std::string order;
    Calling first([&] { order += '1'; });
    Calling second([&] { order += '2'; });
    Calling third([&] { loop.stop(); });
    for (auto* taker : {&first, &second, &third})
        turns.wait("a", *taker);
    loop.run();
    BOOST_TEST(order == "12");
}

BOOST_AUTO_TEST_CASE(whoever_is_forgotten_has_no_turn) {
    EventLoop loop;
    FairTurns turns(loop);
    Calling forgotten([] { BOOST_ERROR("has a turn"); });
    Calling first([&] { turns.forget("b", forgotten); });
    Calling last([&] { loop.stop(); });
    turns.forget("a", first);
    turns.wait("a", first);
    turns.wait("a", last);
    turns.wait("b", forgotten);
    loop.run();
}

BOOST_AUTO_TEST_CASE(a_turn_may_ask_for_another_one) {
    EventLoop loop;
    FairTurns turns(loop);
    int left = 3;
    Calling again([&] {
        if (--left == 0) return loop.stop();
        turns.wait("a", again);
    });
    turns.wait("a", again);
    loop.run();
    BOOST_TEST(left == 0);
}

BOOST_AUTO_TEST_CASE(turns_leave_the_loop_to_others) {
    EventLoop loop;
    FairTurns turns(loop);
    int left = 5;
    int leftWhenPosted = 0;
    Calling again([&] {
        work(std::chrono::milliseconds(2));
        if (left == 5) loop.post([&] { leftWhenPosted = left; });
        if (--left == 0) return loop.stop();
        turns.wait("a", again);
    });
    turns.wait("a", again);
    loop.run();
    BOOST_TEST(leftWhenPosted > 0);
}

/// Those who have had none are behind it then: nothing else tells it from them.
BOOST_AUTO_TEST_CASE(what_was_had_is_forgotten_in_time) {
    EventLoop loop;
    FairTurns turns(loop);
    std::string order;
    int rounds = 0;
    Calling much([&] { work(std::chrono::microseconds(60)); });
    Calling a([&] { order += 'a'; });
    Calling other([&] { order += 'o'; });
    connector::Timer round(loop, [&] {
        if (order == "ao") return loop.stop();
        order.clear();
        turns.wait("a", a);
        turns.wait("other " + std::to_string(++rounds), other);
        round.start(std::chrono::milliseconds(100));
    });
    turns.wait("a", much);
    round.start(std::chrono::milliseconds(1));
    connector::Timer tooLate(loop, [&] {
        BOOST_ERROR("it is not forgotten");
        loop.stop();
    });
    tooLate.start(std::chrono::seconds(30));
    loop.run();
    BOOST_TEST(rounds > 1, "at first it is known");
}

BOOST_AUTO_TEST_SUITE_END()
