#pragma once

#include "Waiting.h"

#include <csignal>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <sys/resource.h>
#include <sys/types.h>
#include <vector>

namespace connector::test {

/// A program that the test started: ended, by its own process id, with the object at the latest, and with the
/// test process in any case. What it writes to stdout and stderr goes into one file.
class ChildProcess {
  public:
    struct Command {
        std::vector<std::string> words;
        std::string outputFile;
        /// Added to the test's own environment.
        std::map<std::string, std::string> environment{};
        /// RLIMIT_NOFILE, when it is not the test's own.
        std::optional<rlim_t> descriptors{};
        /// Its stdin, when it is not the test's own.
        std::string inputFile{};
        /// Its stdin is a terminal, whose keys send it signals, and whose hang-up ends it.
        bool ownsTerminal = false;
    };

    explicit ChildProcess(const Command& command);
    ~ChildProcess();
    ChildProcess(const ChildProcess&) = delete;
    ChildProcess& operator=(const ChildProcess&) = delete;

    pid_t pid() const { return _pid; }
    void signal(int number) const;

    /// Stops all of its threads and returns when they stand still. SIGCONT lets them go on.
    void freeze() const;

    bool isRunning();

    /// The exit code, or 128 + signal for a program that a signal ended. Throws TimedOut.
    int waitForExit(std::chrono::milliseconds patience = kPatience);

    /// Signals and waits.
    int stop(int number, std::chrono::milliseconds patience = kPatience);

    /// The most memory that it ever had resident, in bytes.
    std::uint64_t peakMemory() const;
    /// Makes the memory it has now the new peak.
    void resetPeakMemory() const;

    /// Processor time, user and system, that it has used.
    std::chrono::milliseconds processorTime() const;
    /// The same of one of its threads.
    std::chrono::milliseconds processorTime(const std::string& threadName) const;

    /// The thread that the program has given this name. Throws when there is none.
    pid_t threadNamed(const std::string& name) const;

    std::size_t threadCount() const;
    std::size_t descriptorCount() const;

  private:
    std::string statusField(const std::string& name) const;

    pid_t _pid = -1;
    std::optional<int> _exitCode;
};

/// Runs a program to its end.
struct Finished {
    int exitCode = -1;
    std::string output;
};
Finished run(ChildProcess::Command command);

/// The path in this environment variable, which the build sets for the tests. Throws when it is unset.
std::string programPath(const std::string& variable);

} // namespace connector::test
