#pragma once

#include <Poco/Formatter.h>
#include <Poco/PatternFormatter.h>

#include <atomic>
#include <memory>

namespace connector {

/// How lines of the log are written.
enum class LogFormat {
    Text,
    Json, ///< an object a line, with the keys that doc/operations.md lists
};

/// Writes lines in the format that the log has at the moment. format() on one thread.
class LogFormatter : public Poco::Formatter {
  public:
    /// pattern: of text, as Poco::PatternFormatter knows it. jsonPrefix: a pattern for what comes in front of
    /// an object. current: the format; it is shared by all formatters.
    LogFormatter(const std::string& pattern, const std::string& jsonPrefix,
                 std::shared_ptr<const std::atomic<LogFormat>> current);

    void format(const Poco::Message& message, std::string& text) override;

  private:
    Poco::PatternFormatter _text;
    Poco::PatternFormatter _jsonPrefix;
    std::shared_ptr<const std::atomic<LogFormat>> _current;
};

} // namespace connector
