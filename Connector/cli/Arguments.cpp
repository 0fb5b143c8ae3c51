#include "cli/Arguments.h"

#include "app/Configuration.h"
#include "cli/CommandError.h"

#include <Poco/StringTokenizer.h>
#include <Poco/Util/Application.h>
#include <Poco/Util/Option.h>
#include <Poco/Util/OptionException.h>
#include <Poco/Util/OptionProcessor.h>

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

void Arguments::addCommonOptions(Poco::Util::OptionSet& options) {
    using Poco::Util::Option;
    options.addOption(Option("config", "c",
                             std::string("the configuration of the Connector that is meant; ") +
                                 kDefaultConfiguration + " unless it is given")
                          .argument("FILE"));
    options.addOption(Option("json", "", "print the result as JSON"));
    options.addOption(Option("help", "h", "show this help and exit"));
}

Arguments Arguments::parse(const Poco::Util::OptionSet& known, const std::vector<std::string>& words) {
    Poco::Util::OptionProcessor processor(known);
    Arguments result;
    bool isPending = false;
    for (const auto& word : words) {
        std::string name;
        std::string value;
        if (!processor.process(word, name, value)) {
            result._operands.push_back(word);
            continue;
        }
        isPending = name.empty() && word != "--"; // the next word is the value
        if (!name.empty()) result._options[name].push_back(value);
    }
    if (isPending) throw Poco::Util::MissingArgumentException(words.back());
    return result;
}

bool Arguments::has(const std::string& option) const {
    return _options.contains(option);
}

std::optional<std::string> Arguments::find(const std::string& option) const {
    const auto found = _options.find(option);
    if (found == _options.end()) return std::nullopt;
    return found->second.front();
}

std::vector<std::string> Arguments::all(const std::string& option) const {
    const auto found = _options.find(option);
    return found == _options.end() ? std::vector<std::string>{} : found->second;
}

std::string Arguments::text(const std::string& option, const std::string& fallback) const {
    return find(option).value_or(fallback);
}

std::int64_t Arguments::integer(const std::string& option, std::int64_t min, std::int64_t max,
                                std::int64_t fallback) const {
    const auto text = find(option);
    if (!text) return fallback;
    std::int64_t number = 0;
    const auto* const end = text->data() + text->size();
    const auto read = std::from_chars(text->data(), end, number);
    if (read.ec != std::errc() || read.ptr != end || number < min || number > max)
        throw CommandError(Poco::Util::Application::EXIT_USAGE,
                           "--" + option + "=" + *text + " is not allowed; it must be a whole number from " +
                               std::to_string(min) + " to " + std::to_string(max));
    return number;
}

std::optional<std::chrono::seconds> Arguments::time(const std::string& option) const {
    const auto text = find(option);
    if (!text) return std::nullopt;
    std::int64_t number = 0;
    const auto* const end = text->data() + text->size();
    const auto read = std::from_chars(text->data(), end, number);
    const auto unit = read.ptr + 1 == end ? secondsIn(*read.ptr) : 0;
    if (read.ec != std::errc() || unit == 0 || number < 1 || number > kMaxTime / unit)
        throw CommandError(
            Poco::Util::Application::EXIT_USAGE,
            "--" + option + "=" + *text +
                " is not allowed; it must be a whole number and one of the units s, m, h, d and "
                "w, such as 7d, and not more than 100 years");
    return std::chrono::seconds(number * unit);
}

std::optional<std::vector<std::string>> Arguments::list(const std::string& option) const {
    const auto text = find(option);
    if (!text) return std::nullopt;
    const Poco::StringTokenizer names(*text, ",", Poco::StringTokenizer::TOK_TRIM);
    return std::vector<std::string>(names.begin(), names.end());
}

std::string Arguments::wantedConfiguration() const {
    return text("config", kDefaultConfiguration);
}

std::string Arguments::configurationFile() const {
    return findConfiguration(wantedConfiguration());
}

} // namespace connector
