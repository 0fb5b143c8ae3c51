#include "cli/OptionValues.h"

#include "cli/CommandError.h"

#include <boost/test/unit_test.hpp>

using connector::CommandError;
using connector::timeOf;
using connector::wordsOf;

BOOST_AUTO_TEST_SUITE(OptionValues)

BOOST_AUTO_TEST_CASE(times_have_a_number_and_a_unit) {
    const std::vector<std::pair<std::string, std::int64_t>> cases{{"1s", 1},
                                                                  {"90m", 5400},
                                                                  {"24h", 86400},
                                                                  {"7d", 604800},
                                                                  {"2w", 1209600},
                                                                  {"36500d", 3153600000},
                                                                  {"3153600000s", 3153600000}};
    for (const auto& [text, seconds] : cases)
        BOOST_TEST(timeOf("--unused", text).count() == seconds, text);
}

BOOST_AUTO_TEST_CASE(other_times_are_refused) {
    for (const std::string text :
         {"7", "d", "0d", "-1d", "+1d", "1.5d", "7 d", "7D", "7y", "7dd", "7d ", "36501d", "5215w",
          "9223372036854775807s", "99999999999999999999s", "1e3s", "x"})
        BOOST_CHECK_EXCEPTION(timeOf("--unused", text), CommandError, [&](const CommandError& error) {
            return std::string(error.what()).find("--unused=" + text + " ") == 0;
        });
}

BOOST_AUTO_TEST_CASE(whole_numbers_have_a_range) {
    BOOST_TEST(connector::integerOf("--n", "1", 1, 10) == 1);
    BOOST_TEST(connector::integerOf("--n", "10", 1, 10) == 10);
    BOOST_TEST(connector::integerOf("--n", "-3", -5, 10) == -3);
    for (const std::string text :
         {"", "0", "11", "1.5", "0x5", "+5", " 5", "5 ", "5k", "99999999999999999999"})
        BOOST_CHECK_EXCEPTION(
            connector::integerOf("--n", text, 1, 10), CommandError, [&](const CommandError& error) {
                return error.what() == "--n=" + text +
                                           " is not allowed; it must be a whole number from "
                                           "1 to 10";
            });
}

BOOST_AUTO_TEST_CASE(milliseconds_have_a_unit) {
    const auto read = [](const std::string& text) {
        return connector::millisecondsOf("--overlap", text, 2147483647);
    };
    BOOST_TEST(read("0") == 0);
    BOOST_TEST(read("1500ms") == 1500);
    BOOST_TEST(read("2147483647ms") == 2147483647);
    BOOST_TEST(read("10m") == 600000);
    BOOST_TEST(read("3w") == 1814400000);
    for (const std::string text :
         {"", "-1", "10", "1500", "2147483648ms", "25d", "0s", "0ms", "10 m", "10 ms", "10sm", "m", "ms"})
        BOOST_CHECK_EXCEPTION(read(text), CommandError, [&](const CommandError& error) {
            return std::string(error.what()).find("--overlap=" + text + " ") == 0;
        });
}

BOOST_AUTO_TEST_CASE(lists_are_separated_by_commas) {
    const std::vector<std::pair<std::string, std::vector<std::string>>> cases{
        {"h2", {"h2"}},
        {"h2,http/1.1", {"h2", "http/1.1"}},
        {"h2, x", {"h2", "x"}},
        {"a,,b", {"a", "", "b"}}};
    for (const auto& [text, names] : cases)
        BOOST_TEST(wordsOf(text) == names, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
