#include "base/JournalChannel.h"

#include <Poco/Message.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

// The macros of sd-journal.h would name this file as the source of every line.
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

namespace connector {

bool JournalChannel::isStandardError() {
    // systemd.exec(5): the device and the inode of the journal's socket.
    const char* journal = std::getenv("JOURNAL_STREAM");
    struct stat standardError {};
    if (journal == nullptr || ::fstat(STDERR_FILENO, &standardError) != 0) return false;
    return journal == std::to_string(standardError.st_dev) + ":" + std::to_string(standardError.st_ino);
}

void JournalChannel::log(const Poco::Message& message) {
    // POCO's levels are syslog's from alert to debug, with one more below.
    const int priority = std::min(static_cast<int>(message.getPriority()), LOG_DEBUG);
    ::sd_journal_send("MESSAGE=%s: %s", message.getSource().c_str(), message.getText().c_str(), "PRIORITY=%i",
                      priority, nullptr);
}

} // namespace connector
