#include "protocol/Refusal.h"

#include <boost/test/unit_test.hpp>

using connector::Refusal;

BOOST_AUTO_TEST_SUITE(Refusals)

BOOST_AUTO_TEST_CASE(is_a_line) {
    BOOST_TEST(Refusal{"all 60 places are taken"}.toString() == "REFUSED all 60 places are taken\n");
}

BOOST_AUTO_TEST_CASE(is_understood) {
    const auto refusal = Refusal::parse("REFUSED wrong passcode");
    BOOST_REQUIRE(refusal.has_value());
    BOOST_TEST(refusal->reason == Refusal::kWrongPasscode);
}

BOOST_AUTO_TEST_CASE(may_say_which_connector_refuses) {
    BOOST_TEST((Refusal{"no place", "a-b"}.toString()) == "REFUSED instance=a-b no place\n");
    const auto refusal = Refusal::parse("REFUSED instance=a-b no place");
    BOOST_REQUIRE(refusal.has_value());
    BOOST_TEST(refusal->reason == "no place");
    BOOST_TEST(refusal->instance == "a-b");
    BOOST_TEST(Refusal::parse("REFUSED no instance=a-b")->instance == "");
    BOOST_TEST(Refusal::parse("REFUSED instance=a-b")->reason == "instance=a-b");
}

BOOST_AUTO_TEST_CASE(is_nothing_else) {
    for (const auto* line :
         {"", "REFUSED", "REFUSEDwrong", "refused wrong passcode", "AUTHORIZED/2 heartbeat=0",
          "REFUSED \x1b[31m", "REFUSED a\nb", "REFUSED \xc3\xa4"})
        BOOST_TEST(!Refusal::parse(line).has_value(), line);
}

BOOST_AUTO_TEST_SUITE_END()
