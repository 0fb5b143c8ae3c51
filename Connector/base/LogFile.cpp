#include "base/LogFile.h"

#include <iostream>

namespace connector {

void LogFile::log(const Poco::Message& message) {
    try {
        if (_reopen.exchange(false)) close();
        FileChannel::log(message); // opens the file when it is closed
        _failing = false;
    } catch (const Poco::Exception& error) {
        complain(error);
        close(); // a stream that has failed once would never write again
    }
}

void LogFile::complain(const Poco::Exception& error) {
    if (_failing) return;
    _failing = true;
    std::cerr << "log.file can't be written, lines are lost: " << error.displayText() << std::endl;
}

} // namespace connector
