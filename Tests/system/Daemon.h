#pragma once

#include "ChildProcess.h"

#include <csignal>
#include <string>

namespace connector::test {

/// One of the two programs under test, running. Unless the test stops it, it must still be running at the
/// end, and then exit with 0 on SIGTERM: with anything else (a crash, a sanitizer's report, a hang) the test
/// fails. The log of a failed test's programs is shown.
class Daemon {
  public:
    /// name: for messages.
    Daemon(std::string name, const ChildProcess::Command& command);
    ~Daemon();
    Daemon(const Daemon&) = delete;
    Daemon& operator=(const Daemon&) = delete;

    ChildProcess& process() { return _process; }

    /// Signals it and gives its exit code.
    int stop(int signal = SIGTERM, std::chrono::milliseconds patience = kPatience);
    /// The exit code of one that ends by itself, as it is to.
    int waitForExit(std::chrono::milliseconds patience = kPatience);
    /// kill -9, and waits until the process is gone.
    void kill() { stop(SIGKILL); }

    /// All it has logged, and what earlier processes with the same output file have.
    std::string log() const;
    void waitForLog(const std::string& text) const;

  private:
    std::string _name;
    std::string _logFile;
    ChildProcess _process;
    bool _wasStopped = false;
};

} // namespace connector::test
