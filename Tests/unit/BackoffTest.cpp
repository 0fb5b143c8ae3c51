#include "agent/Backoff.h"

#include <boost/test/unit_test.hpp>

#include <set>

using std::chrono::milliseconds;

namespace {

constexpr unsigned kSeed = 7;

bool isHalfToWhole(milliseconds rest, milliseconds longest) {
    return rest >= longest / 2 && rest <= longest;
}

} // namespace

BOOST_AUTO_TEST_SUITE(Backoff)

BOOST_AUTO_TEST_CASE(doubles_up_to_the_longest) {
    std::minstd_rand random(kSeed);
    connector::Backoff backoff(random);
    for (int seconds : {1, 2, 4, 8, 16, 32, 60, 60, 60})
        BOOST_TEST(isHalfToWhole(backoff.next(), std::chrono::seconds(seconds)));
}

BOOST_AUTO_TEST_CASE(doubles_up_to_less_when_told_so) {
    std::minstd_rand random(kSeed);
    connector::Backoff backoff(random);
    for (int seconds : {1, 2, 4, 8, 8, 8})
        BOOST_TEST(isHalfToWhole(backoff.next(std::chrono::seconds(8)), std::chrono::seconds(seconds)));
    backoff.lengthen();
    BOOST_TEST(isHalfToWhole(backoff.next(std::chrono::seconds(8)), connector::Backoff::kLongest));
    BOOST_TEST(isHalfToWhole(backoff.next(std::chrono::seconds(8)), std::chrono::seconds(8)));
}

BOOST_AUTO_TEST_CASE(starts_anew_after_reset) {
    std::minstd_rand random(kSeed);
    connector::Backoff backoff(random);
    for (int i = 0; i < 5; ++i)
        backoff.next();
    backoff.reset();
    BOOST_TEST(isHalfToWhole(backoff.next(), connector::Backoff::kFirst));
    BOOST_TEST(isHalfToWhole(backoff.next(), 2 * connector::Backoff::kFirst));
}

BOOST_AUTO_TEST_CASE(is_the_longest_at_once_after_lengthen) {
    std::minstd_rand random(kSeed);
    connector::Backoff backoff(random);
    backoff.lengthen();
    BOOST_TEST(isHalfToWhole(backoff.next(), connector::Backoff::kLongest));
}

BOOST_AUTO_TEST_CASE(spreads_those_that_failed_together) {
    std::minstd_rand random(kSeed);
    std::set<milliseconds> rests;
    for (int i = 0; i < 100; ++i)
        rests.insert(connector::Backoff(random).next());
    BOOST_TEST(rests.size() > 80U);
}

BOOST_AUTO_TEST_SUITE_END()
