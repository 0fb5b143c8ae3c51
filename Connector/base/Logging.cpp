#include "base/Logging.h"

#include "base/JournalChannel.h"
#include "base/QueuedChannel.h"

#include <Poco/ConsoleChannel.h>
#include <Poco/FormattingChannel.h>
#include <Poco/Logger.h>
#include <Poco/PatternFormatter.h>
#include <Poco/SplitterChannel.h>

namespace connector {

namespace {

constexpr const char* kPattern = "%Y-%m-%dT%H:%M:%S.%iZ %p %s: %t";
constexpr std::size_t kMaxWaiting = 10000;

Poco::AutoPtr<LogFile> openedFile(const std::string& path) {
    if (path.empty()) return {};
    Poco::AutoPtr<LogFile> file(new LogFile(path));
    file->open(); // now, while somebody is there to hear that it can't be
    return file;
}

/// Writes lines with time, level and source in front.
Poco::AutoPtr<Poco::Channel> formatted(const Poco::AutoPtr<Poco::Channel>& sink) {
    Poco::AutoPtr<Poco::Formatter> formatter(new Poco::PatternFormatter(kPattern));
    return new Poco::FormattingChannel(formatter, sink);
}

Poco::AutoPtr<Poco::Channel> sinkFor(const Poco::AutoPtr<LogFile>& file) {
    Poco::AutoPtr<Poco::SplitterChannel> sinks(new Poco::SplitterChannel);
    if (file) sinks->addChannel(formatted(file));
    if (JournalChannel::isStandardError())
        sinks->addChannel(Poco::AutoPtr<Poco::Channel>(new JournalChannel));
    else if (!file)
        sinks->addChannel(formatted(Poco::AutoPtr<Poco::Channel>(new Poco::ConsoleChannel)));
    return sinks;
}

} // namespace

Logging::Logging(const std::string& level, const std::string& file) : _file(openedFile(file)) {
    Poco::AutoPtr<Poco::Channel> queue(new QueuedChannel(sinkFor(_file), kMaxWaiting));
    Poco::Logger::setChannel("", queue);
    Poco::Logger::setLevel("", Poco::Logger::parseLevel(level));
}

Logging::~Logging() {
    Poco::Logger::root().getChannel()->close(); // writes what still waits
}

void Logging::reopenFile() {
    if (_file) _file->reopen();
}

} // namespace connector
