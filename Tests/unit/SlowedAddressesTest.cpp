#include "pipe/SlowedAddresses.h"

#include "base/PeerAddress.h"
#include "net/EventLoop.h"

#include <boost/test/unit_test.hpp>

#include <array>
#include <future>
#include <map>
#include <optional>
#include <string>
#include <sys/socket.h>
#include <thread>

using connector::Descriptor;
using connector::EventLoop;
using connector::Lifeline;
using connector::LimitedLog;
using connector::ownerOf;
using connector::PipeLimits;
using connector::Reloadable;
using connector::SlowedAddresses;
using Poco::Net::IPAddress;
using namespace std::chrono_literals;

namespace {

constexpr std::chrono::milliseconds kNever{600000};
constexpr std::chrono::seconds kPatience{30};
constexpr int kWrong = 3;

PipeLimits quick() {
    PipeLimits limits;
    limits.wrongPasscodes = kWrong;
    limits.wrongPasscodesWithin = kNever;
    limits.wrongPasscodePause = 1ms;
    limits.wrongPasscodeLongestPause = kNever;
    return limits;
}

/// A port whose agents all say a passcode at once that is right, or wrong.
class TestDoor final : public SlowedAddresses::Door {
  public:
    TestDoor(std::string name_, std::string& order_) : name(std::move(name_)), order(order_) {}

    void onTurn(SlowedAddresses::Connection connection) override {
        order += name;
        if (!isRight) all->addWrong(connection.peer.host(), name);
        all->turnIsOver(connection.peer.host(), isRight);
    }

    const std::string name;
    std::string& order; ///< of turns
    bool isRight = false;
    SlowedAddresses* all = nullptr;
};

struct Slowed {
    explicit Slowed(const PipeLimits& limits_ = quick())
        : limits(limits_), thread([this] { loop.run(); }), all(std::in_place, loop, limits, log, rejections) {
        for (auto* door : {&a, &b})
            door->all = &*all;
    }
    ~Slowed() {
        for (const auto* door : {&a, &b})
            all->closeAll(*door);
        all.reset();
        loop.stop();
        thread.join();
        for (const auto& [name, end] : clients)
            ::close(end);
    }

    /// Runs the function on the loop, behind all that was wanted of it before.
    template <class Function>
    auto onLoop(Function function) {
        std::promise<decltype(function())> promise;
        loop.post([&] { promise.set_value(function()); });
        return promise.get_future().get();
    }

    /// Until a condition holds that is asked for on the loop.
    template <class Condition>
    void waitUntil(const char* what, Condition condition) {
        for (const auto end = EventLoop::Clock::now() + kPatience; !onLoop(condition);) {
            BOOST_REQUIRE_MESSAGE(EventLoop::Clock::now() < end, what);
            std::this_thread::yield();
        }
    }
    void waitForTurns(const std::string& expected) {
        waitUntil("turns", [&] { return order.size() >= expected.size(); });
        BOOST_TEST(onLoop([&] { return order; }) == expected);
    }
    void waitUntilForgiven(const std::string& address) {
        waitUntil("forgiven", [&] { return !isSlowed(address); });
    }

    bool isSlowed(const std::string& address) const { return all->isSlowed(ownerOf(IPAddress(address))); }

    void beWrong(const std::string& address, int times = kWrong) {
        for (int i = 0; i < times; ++i)
            all->addWrong(IPAddress(address), "a door");
        onLoop([] { return true; });
    }

    void park(TestDoor& door, const std::string& address, const std::string& name = "") {
        startParking(door, address, name);
        onLoop([] { return true; });
    }
    void startParking(TestDoor& door, const std::string& address, const std::string& name = "") {
        std::array<int, 2> ends{};
        BOOST_REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()) == 0);
        clients.emplace(name, ends[1]);
        all->park({&door, &loop, lifeline.hold()}, {Descriptor(ends[0]), {IPAddress(address), 1}, {}});
    }

    /// The names of those whose connections were closed, in order.
    std::string closed() const {
        std::string names;
        for (const auto& [name, end] : clients) {
            char byte = 0;
            if (::recv(end, &byte, 1, MSG_PEEK) == 0) names += name;
        }
        return names;
    }

    Reloadable<PipeLimits> limits;
    EventLoop loop;
    Lifeline lifeline;
    connector::AgentRejectionCounts rejections;
    LimitedLog log{{.source = "slowed-addresses-test", .what = "addresses"}, {}};
    std::string order;
    TestDoor a{"a", order};
    TestDoor b{"b", order};
    std::multimap<std::string, int> clients; ///< the other ends
    std::thread thread;
    std::optional<SlowedAddresses> all;
};

struct Paused : Slowed {
    Paused() : Slowed(longPause()) {}
    static PipeLimits longPause() {
        auto result = quick();
        result.wrongPasscodePause = kNever;
        result.authorizing = 3;
        return result;
    }
};

const std::string kBad = "192.0.2.1";

} // namespace

BOOST_AUTO_TEST_SUITE(AddressesThatAreSlowed)

BOOST_FIXTURE_TEST_CASE(so_many_wrong_ones_slow_an_address, Paused) {
    beWrong(kBad, kWrong - 1);
    BOOST_TEST(!isSlowed(kBad));
    beWrong("192.0.2.2", 1);
    BOOST_TEST(!isSlowed("192.0.2.2"));
    beWrong(kBad, 1);
    BOOST_TEST(isSlowed(kBad));
    BOOST_TEST(!isSlowed("192.0.2.2"));
}

BOOST_FIXTURE_TEST_CASE(addresses_of_an_IPv6_64_are_one, Paused) {
    for (const auto* address : {"2001:db8::1", "2001:db8::2", "2001:db8::3"})
        beWrong(address, 1);
    BOOST_TEST(isSlowed("2001:db8::4"));
    BOOST_TEST(!isSlowed("2001:db8:0:1::1"));
}

BOOST_AUTO_TEST_CASE(those_of_long_ago_count_no_more) {
    auto limits = quick();
    limits.wrongPasscodePause = kNever;
    limits.wrongPasscodesWithin = 1ms;
    Slowed slowed(limits);
    for (int i = 0; i < 2 * kWrong; ++i) {
        const auto first = slowed.onLoop([&] { return slowed.loop.now(); });
        slowed.beWrong(kBad, 1);
        slowed.waitUntil("later", [&] { return slowed.loop.now() - first > 2ms; });
    }
    BOOST_TEST(!slowed.isSlowed(kBad));
}

BOOST_FIXTURE_TEST_CASE(one_with_the_right_passcode_has_all_forgiven, Slowed) {
    beWrong(kBad);
    BOOST_TEST(isSlowed(kBad));
    a.isRight = true;
    park(a, kBad);
    waitUntilForgiven(kBad);
    waitForTurns("a");
}

BOOST_AUTO_TEST_CASE(when_nobody_comes_for_the_longest_pause_all_is_forgiven) {
    auto limits = quick();
    limits.wrongPasscodeLongestPause = 5ms;
    Slowed slowed(limits);
    slowed.beWrong(kBad);
    slowed.waitUntilForgiven(kBad);
}

/// Nobody waits for anything then but the longest pause, which is long.
BOOST_FIXTURE_TEST_CASE(after_a_pause_in_which_nobody_came_the_next_one_is_served_at_once, Slowed) {
    beWrong(kBad);
    const auto since = onLoop([&] { return loop.now(); });
    waitUntil("the pause is over", [&] { return loop.now() - since > 50ms; });
    park(a, kBad);
    waitForTurns("a");
}

BOOST_AUTO_TEST_CASE(doors_take_turns) {
    auto limits = quick();
    limits.wrongPasscodePause = 200ms; // until all have come
    Slowed slowed(limits);
    slowed.onLoop([&] {
        for (int i = 0; i < kWrong; ++i)
            slowed.all->addWrong(IPAddress(kBad), "a door");
        for (auto* door : {&slowed.a, &slowed.a, &slowed.a, &slowed.b})
            slowed.startParking(*door, kBad);
        return true;
    });
    slowed.waitForTurns("abaa");
}

BOOST_FIXTURE_TEST_CASE(so_many_of_an_address_wait, Paused) {
    beWrong(kBad);
    park(a, kBad, "1");
    for (const auto* name : {"2", "3"})
        park(b, kBad, name);
    BOOST_TEST(closed().empty());
    park(b, kBad, "4");
    BOOST_TEST(closed().size() == 1U);
    park(b, kBad, "5");
    BOOST_TEST(closed().size() == 2U);
    BOOST_TEST(closed().find('1') == std::string::npos, "it is the only one at its door");
}

BOOST_FIXTURE_TEST_CASE(so_many_of_all_addresses_wait, Paused) {
    const std::map<std::string, int> counts{
        {"192.0.2.1", 1}, {"192.0.2.2", 3}, {"192.0.2.3", 3}, {"192.0.2.4", 3}, {"192.0.2.5", 2}};
    for (const auto& [address, count] : counts) {
        beWrong(address);
        for (int i = 0; i < count; ++i)
            park(a, address, address.substr(8));
    }
    BOOST_TEST(closed().empty());
    beWrong("192.0.2.6");
    park(a, "192.0.2.6", "6");
    const auto gone = closed();
    BOOST_TEST(gone.size() == 1U);
    BOOST_TEST(gone.find_first_of("234") == 0U, "one of an address that has the most");
}

BOOST_FIXTURE_TEST_CASE(what_waits_at_a_door_goes_with_it, Paused) {
    beWrong(kBad);
    park(a, kBad, "a");
    park(b, kBad, "b");
    all->closeAll(a);
    onLoop([] { return true; });
    BOOST_TEST(closed() == "a");
}

BOOST_FIXTURE_TEST_CASE(who_comes_when_all_was_forgiven_is_served, Paused) {
    park(a, kBad);
    waitForTurns("a");
}

BOOST_AUTO_TEST_SUITE_END()
