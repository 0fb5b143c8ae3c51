#include "app/PortRanges.h"
#include "base/JsonFields.h"

#include <boost/test/unit_test.hpp>

using connector::FieldError;
using connector::portsOf;
using Ports = std::vector<std::uint16_t>;

BOOST_AUTO_TEST_SUITE(PortRanges)

BOOST_AUTO_TEST_CASE(single_ports_and_ranges_come_out_in_rising_order) {
    BOOST_TEST(portsOf({"7001", "6000-6002", "65535", "1"}) == (Ports{1, 6000, 6001, 6002, 7001, 65535}),
               boost::test_tools::per_element());
    BOOST_TEST(portsOf({"5-5"}) == Ports{5}, boost::test_tools::per_element());
    BOOST_TEST(portsOf({}).empty());
}

BOOST_AUTO_TEST_CASE(what_is_not_a_port_is_named) {
    for (const auto* text : {"", "-", "0", "65536", "70000", "99999999999999999999", "6000-", "-6000",
                             "6000-65536", "6000-6001-6002", " 6000", "6000 ", "+1", "0x10", "6e3", "port"})
        BOOST_CHECK_EXCEPTION(portsOf({text}), FieldError, [&](const FieldError& error) {
            return std::string(error.what()).find("\"" + std::string(text) + "\"") != std::string::npos;
        });
}

BOOST_AUTO_TEST_CASE(a_range_that_runs_backwards_is_refused_with_the_right_one) {
    BOOST_CHECK_EXCEPTION(portsOf({"6050-6000"}), FieldError, [](const FieldError& error) {
        return std::string(error.what()).find("\"6000-6050\"") != std::string::npos;
    });
}

BOOST_AUTO_TEST_CASE(overlapping_ranges_are_both_named) {
    for (const auto& ranges :
         {std::vector<std::string>{"6000-6010", "6010-6020"}, {"6010-6020", "6015"}, {"7", "7"}})
        BOOST_CHECK_EXCEPTION(portsOf(ranges), FieldError, [&](const FieldError& error) {
            const std::string message = error.what();
            return message.find(ranges[0]) != std::string::npos &&
                   message.find(ranges[1]) != std::string::npos;
        });
}

BOOST_AUTO_TEST_SUITE_END()
