#include "cli/Arguments.h"
#include "cli/CommandError.h"

#include <Poco/Util/Option.h>

#include <boost/test/unit_test.hpp>

using connector::Arguments;
using connector::CommandError;
using Poco::Util::Option;

namespace {

Arguments parsed(const std::vector<std::string>& words) {
    Poco::Util::OptionSet options;
    options.addOption(Option("unused", "").argument("TIME"));
    options.addOption(Option("alpn", "").argument("NAMES"));
    return Arguments::parse(options, words);
}

} // namespace

BOOST_AUTO_TEST_SUITE(CommandArguments)

BOOST_AUTO_TEST_CASE(times_have_a_number_and_a_unit) {
    const std::vector<std::pair<std::string, std::int64_t>> cases{{"1s", 1},
                                                                  {"90m", 5400},
                                                                  {"24h", 86400},
                                                                  {"7d", 604800},
                                                                  {"2w", 1209600},
                                                                  {"36500d", 3153600000},
                                                                  {"3153600000s", 3153600000}};
    for (const auto& [text, seconds] : cases) {
        BOOST_TEST(parsed({"--unused=" + text}).time("unused").value().count() == seconds, text);
        BOOST_TEST(parsed({"--unused", text}).time("unused").value().count() == seconds, text);
    }
    BOOST_TEST(!parsed({}).time("unused").has_value());
}

BOOST_AUTO_TEST_CASE(other_times_are_refused) {
    for (const std::string text :
         {"7", "d", "0d", "-1d", "+1d", "1.5d", "7 d", "7D", "7y", "7dd", "7d ", "36501d", "5215w",
          "9223372036854775807s", "99999999999999999999s", "1e3s", "x"})
        BOOST_CHECK_EXCEPTION(parsed({"--unused=" + text}).time("unused"), CommandError,
                              [&](const CommandError& error) {
                                  return std::string(error.what()).find("--unused=" + text + " ") == 0;
                              });
}

BOOST_AUTO_TEST_CASE(lists_are_separated_by_commas) {
    const std::vector<std::pair<std::string, std::vector<std::string>>> cases{
        {"h2", {"h2"}},
        {"h2,http/1.1", {"h2", "http/1.1"}},
        {"h2, x", {"h2", "x"}},
        {"a,,b", {"a", "", "b"}}};
    for (const auto& [text, names] : cases)
        BOOST_TEST(parsed({"--alpn", text}).list("alpn").value() == names, boost::test_tools::per_element());
    BOOST_TEST(!parsed({}).list("alpn").has_value());
}

BOOST_AUTO_TEST_SUITE_END()
