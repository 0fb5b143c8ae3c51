#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace connector {

// Values of options, from their text. What is wrong is thrown as CommandError, which shows option and value.

/// A whole number from min to max. option: "--api-port".
std::int64_t integerOf(const std::string& option, const std::string& text, std::int64_t min,
                       std::int64_t max);

/// A time such as "7d": a whole number of seconds (s), minutes (m), hours (h), days (d) or weeks (w), from 1s
/// to 100 years.
std::chrono::seconds timeOf(const std::string& option, const std::string& text);

/// A time in ms, up to max: a time as above, or such as "1500ms", or "0".
std::int64_t millisecondsOf(const std::string& option, const std::string& text, std::int64_t max);

/// Words that commas separate, without the spaces around them; empty ones are words, too.
std::vector<std::string> wordsOf(const std::string& text);

} // namespace connector
