#include "app/Logging.h"

#include <Poco/AsyncChannel.h>
#include <Poco/AutoPtr.h>
#include <Poco/ConsoleChannel.h>
#include <Poco/FileChannel.h>
#include <Poco/FormattingChannel.h>
#include <Poco/Logger.h>
#include <Poco/PatternFormatter.h>

namespace connector {

namespace {

constexpr const char* kPattern = "%Y-%m-%dT%H:%M:%S.%iZ %p %s: %t";
constexpr const char* kQueueSize = "10000";

Poco::AutoPtr<Poco::Channel> sinkFor(const std::string& file) {
    if (file.empty()) return new Poco::ConsoleChannel;
    return new Poco::FileChannel(file);
}

} // namespace

Logging::Logging(const std::string& level, const std::string& file) {
    Poco::AutoPtr<Poco::Formatter> formatter(new Poco::PatternFormatter(kPattern));
    Poco::AutoPtr<Poco::Channel> lines(new Poco::FormattingChannel(formatter, sinkFor(file)));
    Poco::AutoPtr<Poco::AsyncChannel> queue(new Poco::AsyncChannel(lines));
    queue->setProperty("queueSize", kQueueSize);
    queue->open();
    Poco::Logger::root().setChannel(queue);
    Poco::Logger::setLevel("", Poco::Logger::parseLevel(level));
    Poco::Logger::setChannel("", queue);
}

Logging::~Logging() {
    Poco::Logger::root().getChannel()->close(); // writes what still waits
}

} // namespace connector
