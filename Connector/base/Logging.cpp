#include "base/Logging.h"

#include "base/QueuedChannel.h"

#include <Poco/ConsoleChannel.h>
#include <Poco/FormattingChannel.h>
#include <Poco/Logger.h>
#include <Poco/PatternFormatter.h>
#include <Poco/SplitterChannel.h>

#include <cstdlib>
#include <sys/stat.h>
#include <unistd.h>

namespace connector {

namespace {

constexpr const char* kPattern = "%Y-%m-%dT%H:%M:%S.%iZ %p %s: %t";
/// sd-daemon(3): the number becomes the line's priority, and the journal knows the time. POCO's levels are
/// syslog's from alert to debug; trace, one more below, is none of Connector's.
constexpr const char* kJournalPattern = "<%l>%s: %t";
constexpr std::size_t kMaxWaiting = 10000;

Poco::AutoPtr<LogFile> openedFile(const std::string& path) {
    if (path.empty()) return {};
    Poco::AutoPtr<LogFile> file(new LogFile(path));
    file->open(); // now, while somebody is there to hear that it can't be
    return file;
}

/// Whether the journal is what standard error goes to, as it is for a service of systemd.
bool isJournalOnStandardError() {
    // systemd.exec(5): the device and the inode of the journal's socket.
    const char* journal = std::getenv("JOURNAL_STREAM");
    struct stat standardError {};
    if (journal == nullptr || ::fstat(STDERR_FILENO, &standardError) != 0) return false;
    return journal == std::to_string(standardError.st_dev) + ":" + std::to_string(standardError.st_ino);
}

Poco::AutoPtr<Poco::Channel> formatted(const char* pattern, const Poco::AutoPtr<Poco::Channel>& sink) {
    Poco::AutoPtr<Poco::Formatter> formatter(new Poco::PatternFormatter(pattern));
    return new Poco::FormattingChannel(formatter, sink);
}

Poco::AutoPtr<Poco::Channel> sinkFor(const Poco::AutoPtr<LogFile>& file) {
    Poco::AutoPtr<Poco::SplitterChannel> sinks(new Poco::SplitterChannel);
    const Poco::AutoPtr<Poco::Channel> standardError(new Poco::ConsoleChannel);
    if (file) sinks->addChannel(formatted(kPattern, file));
    if (isJournalOnStandardError())
        sinks->addChannel(formatted(kJournalPattern, standardError));
    else if (!file)
        sinks->addChannel(formatted(kPattern, standardError));
    return sinks;
}

} // namespace

Logging::Logging(const std::string& level, const std::string& file)
    : _path(file), _file(openedFile(file)), _sink(sinkFor(_file)), _current(new Poco::SplitterChannel) {
    _current->addChannel(_sink);
    Poco::AutoPtr<Poco::Channel> queue(new QueuedChannel(_current, kMaxWaiting));
    Poco::Logger::setChannel("", queue);
    Poco::Logger::setLevel("", Poco::Logger::parseLevel(level));
}

/// The loggers' channel stays the same: POCO's loggers read it without a lock. So they do with the level, an
/// int.
void Logging::change(const std::string& level, const std::string& file) {
    if (file != _path) {
        auto opened = openedFile(file);
        auto sink = sinkFor(opened);
        _current->addChannel(sink);
        _current->removeChannel(_sink);
        _sink = sink;
        _file = opened;
        _path = file;
    }
    Poco::Logger::setLevel("", Poco::Logger::parseLevel(level));
}

Logging::~Logging() {
    Poco::Logger::root().getChannel()->close(); // writes what still waits
}

void Logging::reopenFile() {
    if (_file) _file->reopen();
}

} // namespace connector
