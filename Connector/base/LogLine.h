#pragma once

#include <Poco/Logger.h>
#include <Poco/Message.h>

#include <concepts>
#include <map>
#include <span>
#include <string>

namespace connector {

/// A key that lines may have beside those that all have (doc/operations.md lists them).
struct LogKey {
    const char* name;
    bool isNumber = false;
};

/// All of them, in the order in which they are written.
std::span<const LogKey> logKeys();

/// A line of the log: a text for people, and what it says once more in fields for programs, which the format
/// "json" shows. A value.
class LogLine {
  public:
    LogLine(std::string text) : _text(std::move(text)) {} // most lines have no fields

    /// key: one of logKeys(). An empty value is left out.
    LogLine& with(const char* key, const std::string& value);
    LogLine& with(const char* key, std::integral auto value) { return with(key, std::to_string(value)); }

    /// Seconds, to a thousandth.
    LogLine& withSeconds(double seconds);

    void write(Poco::Logger& log, Poco::Message::Priority priority) const;

  private:
    std::string _text;
    std::map<std::string, std::string> _fields;
};

} // namespace connector
