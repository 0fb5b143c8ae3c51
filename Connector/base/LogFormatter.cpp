#include "base/LogFormatter.h"

#include "base/Json.h"
#include "base/LogLine.h"
#include "base/Printable.h"

#include <Poco/DateTimeFormatter.h>
#include <Poco/Message.h>
#include <Poco/NumberParser.h>
#include <Poco/TextIterator.h>
#include <Poco/UTF8Encoding.h>

#include <array>
#include <sstream>

namespace connector {

namespace {

/// As log.level has them, by POCO's numbers.
const char* nameOf(Poco::Message::Priority level) {
    constexpr std::array kNames{"",       "fatal",       "critical", "error", "warning",
                                "notice", "information", "debug",    "trace"};
    return kNames.at(static_cast<std::size_t>(level));
}

bool isUtf8(const std::string& text) {
    const Poco::UTF8Encoding utf8;
    const Poco::TextIterator end(text);
    for (Poco::TextIterator character(text, utf8); character != end; ++character)
        if (*character < 0) return false;
    return true;
}

/// JSON is UTF-8; a file's name, or what a library says, need not be.
std::string inUtf8(const std::string& text) {
    return isUtf8(text) ? text : printable(text, text.size());
}

void setField(Poco::JSON::Object& line, const LogKey& key, const std::string& value) {
    Poco::UInt64 whole = 0;
    double number = 0;
    if (!key.isNumber)
        line.set(key.name, inUtf8(value));
    else if (Poco::NumberParser::tryParseUnsigned64(value, whole))
        line.set(key.name, whole);
    else if (Poco::NumberParser::tryParseFloat(value, number))
        line.set(key.name, number);
}

std::string asJson(const Poco::Message& message) {
    auto line = newJson();
    line->set("time", Poco::DateTimeFormatter::format(message.getTime(), "%Y-%m-%dT%H:%M:%S.%FZ"));
    line->set("level", nameOf(message.getPriority()));
    line->set("source", message.getSource());
    line->set("message", inUtf8(message.getText()));
    for (const auto& key : logKeys())
        if (message.has(key.name)) setField(*line, key, message.get(key.name));
    std::ostringstream text;
    line->stringify(text);
    return text.str();
}

} // namespace

LogFormatter::LogFormatter(const std::string& pattern, const std::string& jsonPrefix,
                           std::shared_ptr<const std::atomic<LogFormat>> current)
    : _text(pattern), _jsonPrefix(jsonPrefix), _current(std::move(current)) {}

void LogFormatter::format(const Poco::Message& message, std::string& text) {
    if (*_current == LogFormat::Text) return _text.format(message, text);
    _jsonPrefix.format(message, text);
    text += asJson(message);
}

} // namespace connector
