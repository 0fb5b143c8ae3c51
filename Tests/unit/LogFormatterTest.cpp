#include "base/LogFormatter.h"
#include "base/LogLine.h"

#include <Poco/Channel.h>
#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>
#include <Poco/Timestamp.h>

#include <boost/test/unit_test.hpp>

namespace connector {

namespace {

/// Formats what a logger is given.
class Formatted : public Poco::Channel {
  public:
    explicit Formatted(LogFormat format, const std::string& prefix = "")
        : _format(std::make_shared<std::atomic<LogFormat>>(format)),
          _formatter(new LogFormatter("%p %s: %t", prefix, _format)) {}

    void log(const Poco::Message& message) override {
        auto stamped = message;
        stamped.setTime(Poco::Timestamp(Poco::Timestamp::TimeVal{1542719018626123}));
        text.clear();
        _formatter->format(stamped, text);
    }
    void use(LogFormat format) { *_format = format; }

    std::string text;

  private:
    std::shared_ptr<std::atomic<LogFormat>> _format;
    Poco::AutoPtr<LogFormatter> _formatter;
};

struct Log {
    explicit Log(LogFormat format, const std::string& prefix = "")
        : channel(new Formatted(format, prefix)), logger(Poco::Logger::get("formatted")) {
        logger.setChannel(channel);
        logger.setLevel(Poco::Message::PRIO_TRACE);
    }
    ~Log() { logger.setChannel(nullptr); }

    const std::string& write(const LogLine& line,
                             Poco::Message::Priority priority = Poco::Message::PRIO_INFORMATION) {
        line.write(logger, priority);
        return channel->text;
    }

    Poco::AutoPtr<Formatted> channel;
    Poco::Logger& logger;
};

Poco::JSON::Object::Ptr parsed(const std::string& text) {
    return Poco::JSON::Parser().parse(text).extract<Poco::JSON::Object::Ptr>();
}

} // namespace

BOOST_AUTO_TEST_SUITE(LogFormatters)

BOOST_AUTO_TEST_CASE(TextHasNoFields) {
    Log log(LogFormat::Text);
    BOOST_TEST(log.write(LogLine("hello").with("mapping", "x")) == "Information formatted: hello");
}

BOOST_AUTO_TEST_CASE(JsonHasWhatEveryLineHasFirst) {
    Log log(LogFormat::Json);
    BOOST_TEST(log.write(LogLine("hello")) ==
               R"({"time":"2018-11-20T13:03:38.626123Z","level":"information","source":"formatted",)"
               R"("message":"hello"})");
}

BOOST_AUTO_TEST_CASE(FieldsComeInTheirOrderAndOfTheirKind) {
    Log log(LogFormat::Json);
    const auto& text = log.write(LogLine("x")
                                     .withSeconds(1.5)
                                     .with("bytesin", 18446744073709551615U)
                                     .with("port", 6000)
                                     .with("mapping", "7")
                                     .with("label", ""));
    BOOST_TEST(text.find(R"("mapping":"7","port":6000,"bytesin":18446744073709551615,"seconds":1.5})") !=
               std::string::npos);
    BOOST_TEST(!parsed(text)->has("label"), "empty ones are left out");
}

BOOST_AUTO_TEST_CASE(LevelsHaveTheNamesOfTheConfiguration) {
    Log log(LogFormat::Json);
    const std::array kNames{"fatal",  "critical",    "error", "warning",
                            "notice", "information", "debug", "trace"};
    for (std::size_t i = 0; i < kNames.size(); ++i)
        BOOST_TEST(parsed(log.write(LogLine("x"), static_cast<Poco::Message::Priority>(i + 1)))
                       ->getValue<std::string>("level") == kNames[i]);
}

BOOST_AUTO_TEST_CASE(WhateverTheTextIsALineIsAnObject) {
    Log log(LogFormat::Json);
    for (const std::string& text :
         {std::string("two\nlines"), std::string("\"quoted\" \\"), std::string("\x01\x7f"),
          std::string("K\xC3\xA4se \xF0\x9F\x90\x9F"), std::string()}) {
        const auto line = log.write(LogLine(text));
        BOOST_TEST(line.find('\n') == std::string::npos);
        BOOST_TEST(parsed(line)->getValue<std::string>("message") == text);
    }
    BOOST_TEST(
        parsed(log.write(LogLine("no \xFF utf-8").with("label", "\xC3")))->getValue<std::string>("message") ==
        "no ? utf-8");
}

BOOST_AUTO_TEST_CASE(FormatChangesAtOnce) {
    Log log(LogFormat::Text, "<%l>");
    log.write(LogLine("x"));
    log.channel->use(LogFormat::Json);
    BOOST_TEST(log.write(LogLine("x")).substr(0, 11) == R"(<6>{"time":)");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace connector
