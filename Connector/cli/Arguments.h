#pragma once

#include <Poco/Util/OptionSet.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace connector {

/// What stands behind a command on its command line: options and operands. A value.
class Arguments {
  public:
    /// Adds the options that every command has.
    static void addCommonOptions(Poco::Util::OptionSet& options);

    /// Sorts the words behind a command. Throws Poco::Util::OptionException for an option that `known` does
    /// not have, or that lacks its value.
    static Arguments parse(const Poco::Util::OptionSet& known, const std::vector<std::string>& words);

    bool has(const std::string& option) const;

    /// The option's value; nothing when it is not given. Of one that is given several times, the first.
    std::optional<std::string> find(const std::string& option) const;
    /// All values of an option that may be given several times, in their order.
    std::vector<std::string> all(const std::string& option) const;
    std::string text(const std::string& option, const std::string& fallback) const;

    /// Throws CommandError when the value is not a whole number in this range.
    std::int64_t integer(const std::string& option, std::int64_t min, std::int64_t max,
                         std::int64_t fallback) const;

    /// A time such as "7d": a whole number of seconds (s), minutes (m), hours (h), days (d) or weeks (w),
    /// from 1s to 100 years; nothing when the option is not given. Throws CommandError for anything else.
    std::optional<std::chrono::seconds> time(const std::string& option) const;

    /// Names separated by commas; nothing when the option is not given.
    std::optional<std::vector<std::string>> list(const std::string& option) const;

    const std::vector<std::string>& operands() const { return _operands; }

    bool asJson() const { return has("json"); }
    bool asksForHelp() const { return has("help"); }

    /// The configuration that is wanted, whether or not it is there.
    std::string wantedConfiguration() const;

    /// The configuration that is to be read (findConfiguration()).
    std::string configurationFile() const;

  private:
    std::map<std::string, std::vector<std::string>> _options;
    std::vector<std::string> _operands;
};

} // namespace connector
