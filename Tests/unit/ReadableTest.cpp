#include "cli/Output.h"

#include <boost/test/unit_test.hpp>

using connector::readableBytes;
using connector::readableTime;
using std::chrono::milliseconds;

BOOST_AUTO_TEST_SUITE(Readable)

BOOST_AUTO_TEST_CASE(bytes_have_two_or_three_digits_and_a_unit) {
    BOOST_TEST(readableBytes(0) == "0 B");
    BOOST_TEST(readableBytes(999) == "999 B");
    BOOST_TEST(readableBytes(999.6) == "1.0 kB");
    BOOST_TEST(readableBytes(1500) == "1.5 kB");
    BOOST_TEST(readableBytes(9960) == "10 kB");
    BOOST_TEST(readableBytes(999499) == "999 kB");
    BOOST_TEST(readableBytes(999500) == "1.0 MB");
    BOOST_TEST(readableBytes(3.4e11) == "340 GB");
    BOOST_TEST(readableBytes(5e18) == "5000 PB");
}

BOOST_AUTO_TEST_CASE(times_have_their_two_largest_units) {
    BOOST_TEST(readableTime(milliseconds(0)) == "0 s");
    BOOST_TEST(readableTime(milliseconds(59999)) == "59 s");
    BOOST_TEST(readableTime(milliseconds(60000)) == "1 min");
    BOOST_TEST(readableTime(milliseconds(61000)) == "1 min 1 s");
    BOOST_TEST(readableTime(milliseconds(3600000)) == "1 h");
    BOOST_TEST(readableTime(milliseconds(3601000)) == "1 h");
    BOOST_TEST(readableTime(milliseconds(90000000)) == "1 d 1 h");
}

BOOST_AUTO_TEST_SUITE_END()
