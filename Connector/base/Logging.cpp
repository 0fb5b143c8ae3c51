#include "base/Logging.h"

#include "base/QueuedChannel.h"

#include <Poco/ConsoleChannel.h>
#include <Poco/FileChannel.h>
#include <Poco/FormattingChannel.h>
#include <Poco/Logger.h>
#include <Poco/PatternFormatter.h>

namespace connector {

namespace {

constexpr const char* kPattern = "%Y-%m-%dT%H:%M:%S.%iZ %p %s: %t";
constexpr std::size_t kMaxWaiting = 10000;

Poco::AutoPtr<Poco::Channel> sinkFor(const std::string& file) {
    if (file.empty()) return new Poco::ConsoleChannel;
    Poco::AutoPtr<Poco::Channel> sink(new Poco::FileChannel(file));
    sink->open(); // now, while somebody is there to hear that it can't be
    return sink;
}

} // namespace

Logging::Logging(const std::string& level, const std::string& file) {
    Poco::AutoPtr<Poco::Formatter> formatter(new Poco::PatternFormatter(kPattern));
    Poco::AutoPtr<Poco::Channel> lines(new Poco::FormattingChannel(formatter, sinkFor(file)));
    Poco::AutoPtr<Poco::Channel> queue(new QueuedChannel(lines, kMaxWaiting));
    Poco::Logger::setChannel("", queue);
    Poco::Logger::setLevel("", Poco::Logger::parseLevel(level));
}

Logging::~Logging() {
    Poco::Logger::root().getChannel()->close(); // writes what still waits
}

} // namespace connector
