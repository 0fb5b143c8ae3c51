#include "relay/Bandwidth.h"

#include <boost/test/unit_test.hpp>

using connector::Bandwidth;
using namespace std::chrono_literals;

namespace {

constexpr std::int64_t kRate = 1000000;

struct Limited {
    Limited() { bandwidth.setRate(kRate); }
    Bandwidth bandwidth;
    const Bandwidth::Clock::time_point start = Bandwidth::Clock::now();
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(BandwidthOfAPipe, Limited)

BOOST_AUTO_TEST_CASE(without_a_rate_all_is_free) {
    Bandwidth any;
    any.spend(kRate * 100, start);
    BOOST_TEST(any.isFree(start));
    BOOST_TEST(any.turn() > static_cast<std::size_t>(kRate) * 100);
}

BOOST_AUTO_TEST_CASE(what_is_spent_is_paid_with_time) {
    BOOST_TEST(bandwidth.isFree(start));
    bandwidth.spend(kRate, start); // a burst's worth of it is free
    BOOST_TEST(!bandwidth.isFree(start + 949ms));
    BOOST_TEST(bandwidth.isFree(start + 951ms));
}

BOOST_AUTO_TEST_CASE(pause_saves_no_more_than_a_burst) {
    bandwidth.spend(kRate, start);
    const auto later = start + 1h;
    bandwidth.spend(kRate, later);
    BOOST_TEST(!bandwidth.isFree(later + 949ms));
}

BOOST_AUTO_TEST_CASE(turns_come_one_after_the_other) {
    bandwidth.spend(kRate, start);
    BOOST_TEST(bandwidth.turn() == 20000U);
    const auto first = bandwidth.book(start).begins;
    const auto second = bandwidth.book(start).begins;
    BOOST_TEST((first - start >= 949ms && first - start <= 951ms));
    BOOST_TEST((second - first >= 19ms && second - first <= 21ms));
    bandwidth.spend(-20000, start); // one has found nothing to receive
    const auto third = bandwidth.book(start).begins;
    BOOST_TEST((third - second < 1ms && second - third < 1ms));
}

BOOST_AUTO_TEST_CASE(turn_after_a_pause_begins_at_once) {
    BOOST_TEST((bandwidth.book(start).begins == start));
    BOOST_TEST((bandwidth.book(start + 1h).begins == start + 1h));
}

BOOST_AUTO_TEST_CASE(turns_are_put_off_by_what_others_overdraw) {
    bandwidth.spend(50000, start); // the burst
    auto first = bandwidth.book(start);
    auto second = bandwidth.book(start);
    BOOST_TEST(bandwidth.hasBegun(first, start));
    BOOST_TEST(!bandwidth.hasBegun(second, start));
    bandwidth.spend(kRate - 20000, start); // besides what was booked
    BOOST_TEST(!bandwidth.hasBegun(second, start + 950ms));
    BOOST_TEST(bandwidth.hasBegun(second, start + 1s));
}

BOOST_AUTO_TEST_CASE(same_rate_forgets_nothing) {
    bandwidth.spend(kRate, start);
    bandwidth.setRate(kRate);
    BOOST_TEST(!bandwidth.isFree(start));
}

BOOST_AUTO_TEST_CASE(new_rate_forgets_what_was_owed) {
    bandwidth.spend(kRate * 1000, start);
    bandwidth.setRate(2 * kRate);
    BOOST_TEST(bandwidth.isFree(start));
}

BOOST_AUTO_TEST_SUITE_END()
