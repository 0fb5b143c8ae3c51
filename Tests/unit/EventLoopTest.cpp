#include "net/EventLoop.h"
#include "net/EventLoops.h"
#include "net/Timer.h"

#include <boost/test/unit_test.hpp>

#include <array>
#include <csignal>
#include <future>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

using connector::EventHandler;
using connector::EventLoop;
using connector::EventLoops;
using connector::Timer;

namespace {

/// A loop that a test runs on its own thread until something calls stop().
struct OwnLoop {
    EventLoop loop;
};

/// A connected pair of sockets.
struct SocketPair {
    SocketPair() { BOOST_REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()) == 0); }
    ~SocketPair() {
        ::close(ends[0]);
        ::close(ends[1]);
    }
    void fill() const { BOOST_REQUIRE(::write(ends[1], "x", 1) == 1); }
    int reader() const { return ends[0]; }

    std::array<int, 2> ends{};
};

/// Calls a function for each of its events.
struct Calling final : EventHandler {
    explicit Calling(std::function<void(std::uint32_t)> function_) : function(std::move(function_)) {}
    void onEvents(std::uint32_t events) override { function(events); }
    std::function<void(std::uint32_t)> function;
};

struct SetWhenDestroyed {
    explicit SetWhenDestroyed(bool& flag_) : flag(flag_) {}
    ~SetWhenDestroyed() { flag = true; }
    bool& flag;
};

/// Leaves another object to be destroyed when it is destroyed itself.
struct LeavesAnother {
    LeavesAnother(EventLoop& loop_, std::shared_ptr<void> other_) : loop(loop_), other(std::move(other_)) {}
    ~LeavesAnother() { loop.destroyLater(std::move(other)); }
    EventLoop& loop;
    std::shared_ptr<void> other;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(EventLoopOnOneThread, OwnLoop)

BOOST_AUTO_TEST_CASE(posted_functions_run_in_their_order_even_those_posted_by_others) {
    std::string order;
    loop.post([&] {
        order += "a";
        loop.post([&] { order += "c"; });
    });
    loop.post([&] {
        order += "b";
        loop.post([&] { loop.stop(); });
    });
    loop.run();
    BOOST_TEST(order == "abc");
}

BOOST_AUTO_TEST_CASE(tells_how_long_it_works_and_not_how_long_it_waits) {
    constexpr std::chrono::milliseconds kWork{20};
    constexpr std::chrono::milliseconds kWait{200};
    const auto work = [&] {
        const auto end = EventLoop::Clock::now() + kWork;
        while (EventLoop::Clock::now() < end) {
        }
    };
    EventLoop::Clock::duration round{};
    Timer first(loop, [&] {
        work();
        round = loop.roundTime();
    });
    Timer last(loop, [&] { loop.stop(); });
    Timer second(loop, [&] { last.start(kWait); });
    first.start(std::chrono::milliseconds(1));
    second.start(2 * kWork);
    const auto began = EventLoop::Clock::now();
    loop.run();
    const auto all = EventLoop::Clock::now() - began;
    BOOST_TEST((round >= kWork));
    BOOST_TEST((loop.busy() >= kWork));
    BOOST_TEST((loop.busy() <= all - kWait / 2));
}

BOOST_AUTO_TEST_CASE(timers_fire_in_the_order_of_their_times_and_a_cancelled_one_does_not) {
    std::string order;
    Timer late(loop, [&] {
        order += "late";
        loop.stop();
    });
    Timer early(loop, [&] { order += "early "; });
    Timer cancelled(loop, [&] { order += "cancelled "; });
    late.start(std::chrono::milliseconds(20));
    early.start(std::chrono::milliseconds(5));
    cancelled.start(std::chrono::milliseconds(1));
    cancelled.cancel();
    loop.run();
    BOOST_TEST(order == "early late");
}

BOOST_AUTO_TEST_CASE(a_timer_that_starts_itself_anew_leaves_the_descriptors_their_turn) {
    const SocketPair pair;
    Timer eager(loop, [&] { eager.start(std::chrono::milliseconds(0)); });
    Calling handler([&](std::uint32_t) {
        eager.cancel();
        loop.stop();
    });
    eager.start(std::chrono::milliseconds(0));
    BOOST_REQUIRE(loop.add(pair.reader(), handler));
    pair.fill();
    loop.run();
    loop.remove(pair.reader(), handler);
}

BOOST_AUTO_TEST_CASE(a_handler_removed_by_another_in_the_same_round_is_not_called) {
    const SocketPair one;
    const SocketPair two;
    int calls = 0;
    Calling* first = nullptr;
    Calling* second = nullptr;
    const auto removeTheOther = [&](bool isFirst) {
        ++calls;
        if (isFirst)
            loop.remove(two.reader(), *second);
        else
            loop.remove(one.reader(), *first);
        loop.stop();
    };
    Calling handlerOne([&](std::uint32_t) { removeTheOther(true); });
    Calling handlerTwo([&](std::uint32_t) { removeTheOther(false); });
    first = &handlerOne;
    second = &handlerTwo;
    one.fill();
    two.fill();
    BOOST_REQUIRE(loop.add(one.reader(), handlerOne));
    BOOST_REQUIRE(loop.add(two.reader(), handlerTwo));
    loop.run();
    BOOST_TEST(calls == 1);
}

BOOST_AUTO_TEST_CASE(again_calls_without_events_and_a_removed_handler_not_at_all) {
    const SocketPair pair;
    std::vector<std::uint32_t> events;
    Calling removed([&](std::uint32_t) { BOOST_ERROR("called after it was removed"); });
    Calling handler([&](std::uint32_t seen) {
        events.push_back(seen);
        if (seen != 0) {
            loop.again(handler);
            loop.again(removed);
            loop.remove(-1, removed);
        } else {
            loop.stop();
        }
    });
    pair.fill();
    BOOST_REQUIRE(loop.add(pair.reader(), handler));
    loop.run();
    loop.remove(pair.reader(), handler);
    BOOST_REQUIRE(events.size() == 2U);
    BOOST_TEST((events[0] & EPOLLIN) != 0U);
    BOOST_TEST(events[1] == 0U);
}

BOOST_AUTO_TEST_CASE(a_handler_forgotten_by_a_posted_function_is_not_called_before_its_descriptor_is_closed) {
    auto pair = std::make_shared<SocketPair>();
    bool isForgotten = false;
    Calling handler([&](std::uint32_t) { BOOST_TEST(!isForgotten); });
    BOOST_REQUIRE(loop.add(pair->reader(), handler));
    loop.post([&] {
        pair->fill();
        isForgotten = true;
        loop.forget(handler);
        loop.destroyLater(std::move(pair));
        loop.post([&] { loop.post([&] { loop.stop(); }); }); // after the next events
    });
    loop.run();
    BOOST_TEST(isForgotten);
}

BOOST_AUTO_TEST_CASE(what_is_destroyed_later_is_gone_before_a_function_posted_after_it_runs) {
    bool destroyed = false;
    bool wasThereInTheSameRound = false;
    loop.post([&] {
        loop.destroyLater(std::make_shared<SetWhenDestroyed>(destroyed));
        wasThereInTheSameRound = !destroyed;
        loop.post([&] {
            BOOST_TEST(destroyed);
            loop.stop();
        });
    });
    loop.run();
    BOOST_TEST(wasThereInTheSameRound);
}

BOOST_AUTO_TEST_CASE(what_is_destroyed_later_may_leave_more_to_be_destroyed) {
    bool destroyed = false;
    loop.post([&] {
        auto inner = std::make_shared<LeavesAnother>(loop, std::make_shared<SetWhenDestroyed>(destroyed));
        loop.destroyLater(std::make_shared<LeavesAnother>(loop, std::move(inner)));
        loop.post([&] {
            BOOST_TEST(destroyed);
            loop.stop();
        });
    });
    loop.run();
    BOOST_TEST(destroyed);
}

BOOST_AUTO_TEST_CASE(what_is_left_to_a_loop_that_does_not_run_is_destroyed_with_it) {
    bool destroyed = false;
    {
        EventLoop idle;
        idle.destroyLater(
            std::make_shared<LeavesAnother>(idle, std::make_shared<SetWhenDestroyed>(destroyed)));
        BOOST_TEST(!destroyed);
    }
    BOOST_TEST(destroyed);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(EventLoopsTogether)

BOOST_AUTO_TEST_CASE(functions_posted_by_many_threads_all_run_on_the_loop) {
    constexpr int kThreads = 8;
    constexpr int kPosts = 1000;
    int sum = 0;
    {
        EventLoops loops(1);
        auto& loop = loops.next();
        std::vector<std::thread> threads;
        for (int i = 0; i < kThreads; ++i)
            threads.emplace_back([&] {
                for (int j = 0; j < kPosts; ++j)
                    loop.post([&] { sum += loop.isInLoopThread() ? 1 : 0; });
            });
        for (auto& thread : threads)
            thread.join();
    }
    BOOST_TEST(sum == kThreads * kPosts);
}

#ifndef NDEBUG
/// In a process of its own, which has no loop's thread but knows that there is one.
BOOST_AUTO_TEST_CASE(a_call_from_another_thread_ends_the_process) {
    EventLoops loops(1);
    auto& loop = loops.next();
    std::promise<void> running;
    loop.post([&] { running.set_value(); });
    running.get_future().wait();
    const auto child = ::fork();
    if (child == 0) {
        std::signal(SIGABRT, SIG_DFL);
        loop.destroyLater(nullptr);
        ::_exit(0);
    }
    int status = 0;
    BOOST_REQUIRE(::waitpid(child, &status, 0) == child);
    BOOST_TEST(WIFSIGNALED(status));
}
#endif

BOOST_AUTO_TEST_CASE(the_least_busy_loop_is_chosen_and_ones_own_when_it_is_none_busier) {
    EventLoops loops(3);
    auto& first = loops.next();
    auto& second = loops.next();
    auto& third = loops.next();
    BOOST_TEST(&loops.leastBusy(second, 0) == &second);
    first.addLoad(3);
    second.addLoad(3);
    third.addLoad(1);
    BOOST_TEST(&loops.leastBusy(second, 0) == &third);
    BOOST_TEST(&loops.leastBusy(second, 1) == &third);
    BOOST_TEST(&loops.leastBusy(second, 2) == &second);
    third.addLoad(2);
    BOOST_TEST(&loops.leastBusy(second, 0) == &second);
}

BOOST_AUTO_TEST_SUITE_END()
