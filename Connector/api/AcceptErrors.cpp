#include "api/AcceptErrors.h"

#include "api/Printable.h"

#include <Poco/Thread.h>

#include <cerrno>

namespace connector {

namespace {

/// The connection that can't be accepted stays in the queue, and TCPServer would try again at once.
constexpr long kPauseMilliseconds = 100;

bool isShortage(int error) {
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

} // namespace

void AcceptErrors::exception(const Poco::Exception& error) {
    report(error.displayText());
    if (isShortage(error.code())) Poco::Thread::sleep(kPauseMilliseconds);
}

void AcceptErrors::exception(const std::exception& error) {
    report(error.what());
}

void AcceptErrors::exception() {
    report("unknown exception");
}

void AcceptErrors::report(const std::string& what) {
    _log.warn("a connection could not be served: " + printable(what));
}

} // namespace connector
