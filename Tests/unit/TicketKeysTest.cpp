#include "net/TicketKeys.h"

#include <boost/test/unit_test.hpp>

#include <thread>
#include <vector>

namespace {

using namespace connector;
using std::chrono::hours;

/// Keys at a time of the test's choice.
struct Fixture {
    TicketKeys::Clock::time_point now{};
    TicketKeys keys{[this] { return now; }};

    bool opens(const TicketKeys::Key& key) {
        const auto opening = keys.opening(key.name.data());
        return opening && opening->key.cipher == key.cipher && opening->key.mac == key.mac;
    }
    bool isOld(const TicketKeys::Key& key) { return keys.opening(key.name.data())->isOld; }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(TicketKeysOfADay, Fixture)

BOOST_AUTO_TEST_CASE(one_key_seals_for_a_day) {
    const auto first = keys.sealing();
    now += hours(24) - std::chrono::seconds(1);
    BOOST_TEST((keys.sealing().name == first.name));
    BOOST_TEST(opens(first));
    BOOST_TEST(!isOld(first));
    now += std::chrono::seconds(1);
    BOOST_TEST((keys.sealing().name != first.name));
    BOOST_TEST((keys.sealing().cipher != first.cipher));
    BOOST_TEST((keys.sealing().mac != first.mac));
}

BOOST_AUTO_TEST_CASE(earlier_key_opens_for_another_day) {
    const auto first = keys.sealing();
    now += hours(24);
    BOOST_TEST(opens(first));
    BOOST_TEST(isOld(first), "the client is given a new ticket");
    const auto second = keys.sealing();
    now += hours(24) - std::chrono::seconds(1);
    BOOST_TEST(opens(first));
    now += std::chrono::seconds(1);
    BOOST_TEST(!opens(first));
    BOOST_TEST(opens(second));
    BOOST_TEST(isOld(second));
}

BOOST_AUTO_TEST_CASE(nobody_asking_makes_no_key_live_longer) {
    const auto first = keys.sealing();
    now += hours(40);
    BOOST_TEST(opens(first));
    now += hours(8);
    BOOST_TEST(!opens(first), "though its successor is eight hours old");
    const auto second = keys.sealing();
    now += hours(24 * 100);
    BOOST_TEST(!opens(second));
}

BOOST_AUTO_TEST_CASE(strangers_tickets_are_not_opened) {
    keys.sealing();
    TicketKeys others;
    BOOST_TEST(!opens(others.sealing()));
}

BOOST_AUTO_TEST_CASE(threads_agree_on_a_key) {
    std::vector<TicketKeys::Key> seen(4);
    {
        std::vector<std::jthread> threads;
        for (auto& key : seen)
            threads.emplace_back([&] { key = keys.sealing(); });
    }
    for (const auto& key : seen)
        BOOST_TEST((key.name == seen.front().name));
}

BOOST_AUTO_TEST_SUITE_END()
