#include "Daemon.h"

#include "Folder.h"

#include <boost/test/results_collector.hpp>
#include <boost/test/unit_test.hpp>

#include <exception>

namespace connector::test {

namespace {

bool hasTestFailed() {
    const auto test = boost::unit_test::framework::current_test_case_id();
    return std::uncaught_exceptions() > 0 || !boost::unit_test::results_collector.results(test).passed();
}

/// All of a long one would hide what the test itself says.
std::string lastLines(const std::string& log) {
    constexpr int kLines = 200;
    auto begin = log.size();
    for (int lines = 0; lines <= kLines && begin != std::string::npos; ++lines)
        begin = begin == 0 ? std::string::npos : log.rfind('\n', begin - 1);
    return begin == std::string::npos ? log : log.substr(begin + 1);
}

} // namespace

Daemon::Daemon(std::string name, const ChildProcess::Command& command)
    : _name(std::move(name)), _logFile(command.outputFile), _process(command) {}

Daemon::~Daemon() {
    try {
        if (_process.isRunning())
            BOOST_CHECK_EQUAL(stop(SIGTERM), 0);
        else if (!_wasStopped)
            BOOST_ERROR(_name << " ended by itself with " << _process.waitForExit());
    } catch (const TimedOut& error) {
        BOOST_ERROR(_name << " at SIGTERM: " << error.what());
    }
    if (hasTestFailed()) BOOST_TEST_MESSAGE(_name << "'s log:\n" << lastLines(log()));
}

int Daemon::stop(int signal, std::chrono::milliseconds patience) {
    _wasStopped = true;
    return _process.stop(signal, patience);
}

int Daemon::waitForExit(std::chrono::milliseconds patience) {
    _wasStopped = true;
    return _process.waitForExit(patience);
}

std::string Daemon::log() const {
    return readFile(_logFile);
}

void Daemon::waitForLog(const std::string& text) const {
    waitUntil("\"" + text + "\" in " + _name + "'s log",
              [&] { return log().find(text) != std::string::npos; });
}

} // namespace connector::test
