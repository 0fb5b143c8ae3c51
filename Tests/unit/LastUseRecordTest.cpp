#include "mapping/LastUseRecord.h"

#include <boost/test/unit_test.hpp>

using connector::isDue;
using connector::LastUse;

namespace {

constexpr Poco::Int64 kMinute = 60 * 1000;
constexpr Poco::Int64 kHour = 60 * kMinute;
constexpr Poco::Int64 kNow = 1795348350880;

} // namespace

BOOST_AUTO_TEST_SUITE(LastUseRecord)

BOOST_AUTO_TEST_CASE(first_use_is_due_at_once) {
    BOOST_TEST(isDue({kNow, 0}, {0, 0}, kNow));
    BOOST_TEST(isDue({kNow, kNow}, {kNow, 0}, kNow));
}

BOOST_AUTO_TEST_CASE(what_was_never_used_is_not_due) {
    BOOST_TEST(!isDue({0, 0}, {0, 0}, kNow));
}

BOOST_AUTO_TEST_CASE(continuous_use_is_due_once_an_hour) {
    BOOST_TEST(!isDue({kNow, 0}, {kNow - kMinute, 0}, kNow));
    BOOST_TEST(!isDue({kNow, kNow}, {kNow - kHour + 1, kNow - kHour + 1}, kNow));
    BOOST_TEST(isDue({kNow, 0}, {kNow - kHour, 0}, kNow));
    BOOST_TEST(isDue({kNow, kNow}, {kNow - kMinute, kNow - kHour}, kNow));
}

BOOST_AUTO_TEST_CASE(the_end_of_use_is_due_when_what_is_stored_is_old) {
    const LastUse ended{kNow - kMinute, 0};
    BOOST_TEST(!isDue(ended, {kNow - 2 * kMinute, 0}, kNow));
    BOOST_TEST(isDue(ended, {kNow - kHour, 0}, kNow));
    BOOST_TEST(!isDue(ended, ended, kNow + 100 * kHour));
}

BOOST_AUTO_TEST_CASE(a_clock_that_was_set_back_makes_nothing_due) {
    BOOST_TEST(!isDue({kNow, kNow}, {kNow + kHour, kNow + kHour}, kNow));
}

BOOST_AUTO_TEST_SUITE_END()
