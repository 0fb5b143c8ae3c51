#include "cli/OptionValues.h"

#include "cli/CommandError.h"

#include <Poco/StringTokenizer.h>
#include <Poco/Util/Application.h>

#include <charconv>

namespace connector {

namespace {

constexpr std::int64_t kMaxTime = std::int64_t{100} * 365 * 86400;

/// Seconds in a unit; 0 for what is none.
std::int64_t secondsIn(char unit) {
    switch (unit) {
    case 's':
        return 1;
    case 'm':
        return 60;
    case 'h':
        return 3600;
    case 'd':
        return 86400;
    case 'w':
        return std::int64_t{7} * 86400;
    default:
        return 0;
    }
}

} // namespace

std::int64_t integerOf(const std::string& option, const std::string& text, std::int64_t min,
                       std::int64_t max) {
    std::int64_t number = 0;
    const auto* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, number);
    if (read.ec != std::errc() || read.ptr != end || number < min || number > max)
        throw CommandError(Poco::Util::Application::EXIT_USAGE,
                           option + "=" + text + " is not allowed; it must be a whole number from " +
                               std::to_string(min) + " to " + std::to_string(max));
    return number;
}

std::chrono::seconds timeOf(const std::string& option, const std::string& text) {
    std::int64_t number = 0;
    const auto* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, number);
    const auto unit = read.ptr + 1 == end ? secondsIn(*read.ptr) : 0;
    if (read.ec != std::errc() || unit == 0 || number < 1 || number > kMaxTime / unit)
        throw CommandError(
            Poco::Util::Application::EXIT_USAGE,
            option + "=" + text +
                " is not allowed; it must be a whole number and one of the units s, m, h, d and "
                "w, such as 7d, and not more than 100 years");
    return std::chrono::seconds(number * unit);
}

std::int64_t millisecondsOf(const std::string& option, const std::string& text, std::int64_t max) {
    if (text == "0") return 0;
    std::int64_t number = 0;
    const auto* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, number);
    const std::string_view unit(read.ptr, end);
    const auto length = unit == "ms" ? 1 : unit.size() == 1 ? secondsIn(unit.front()) * 1000 : 0;
    if (read.ec != std::errc() || length == 0 || number < 1 || number > max / length)
        throw CommandError(Poco::Util::Application::EXIT_USAGE,
                           option + "=" + text +
                               " is not allowed; it must be 0, or a whole number and one of the units ms, "
                               "s, m, h, d and w, such as 10m, and not more than " +
                               std::to_string(max) + "ms");
    return number * length;
}

std::vector<std::string> wordsOf(const std::string& text) {
    const Poco::StringTokenizer words(text, ",", Poco::StringTokenizer::TOK_TRIM);
    return {words.begin(), words.end()};
}

} // namespace connector
