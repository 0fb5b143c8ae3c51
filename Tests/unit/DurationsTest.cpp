#include "base/Durations.h"

#include <boost/test/unit_test.hpp>

#include <chrono>

using connector::Durations;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(TimesTaken)

BOOST_AUTO_TEST_CASE(each_goes_into_its_class) {
    Durations durations;
    for (const auto took : {0us, 1000us, 1001us, 100000us, 10000000us, 10000001us})
        durations.add(took);
    const auto snapshot = durations.snapshot();
    // Up to 1 ms, 5 ms, 25 ms, 0.1 s, 0.5 s, 2.5 s, 10 s, and more.
    const decltype(snapshot.counts) expected{2, 1, 0, 1, 0, 0, 1, 1};
    BOOST_TEST(snapshot.counts == expected, boost::test_tools::per_element());
    BOOST_TEST(snapshot.sum.count() == (20102002us).count());
}

BOOST_AUTO_TEST_CASE(snapshots_add_up) {
    Durations one;
    Durations other;
    one.add(1ms);
    other.add(1ms);
    other.add(20s);
    auto sum = one.snapshot();
    sum += other.snapshot();
    BOOST_TEST(sum.counts.front() == 2U);
    BOOST_TEST(sum.counts.back() == 1U);
    BOOST_TEST(sum.sum.count() == (20002000us).count());
}

BOOST_AUTO_TEST_SUITE_END()
