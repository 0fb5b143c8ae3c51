#include "api/AcceptErrors.h"

#include "api/Printable.h"

#include <Poco/Thread.h>

namespace connector {

namespace {

/// For a connection that can't be accepted, mostly because the process has no descriptor left, stays in the
/// kernel's queue, and TCPServer would try again at once.
constexpr long kPauseMilliseconds = 100;

} // namespace

void AcceptErrors::exception(const Poco::Exception& error) {
    reportAndPause(error.displayText());
}

void AcceptErrors::exception(const std::exception& error) {
    reportAndPause(error.what());
}

void AcceptErrors::exception() {
    reportAndPause("unknown exception");
}

void AcceptErrors::reportAndPause(const std::string& what) {
    _log.warnOfStranger("a connection could not be accepted: " + printable(what));
    Poco::Thread::sleep(kPauseMilliseconds);
}

} // namespace connector
