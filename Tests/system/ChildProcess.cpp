#include "ChildProcess.h"

#include "Folder.h"

#include <Poco/File.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sstream>
#include <stdexcept>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace connector::test {

namespace {

constexpr int kCouldNotStart = 127;

std::vector<std::string> environmentWith(const std::map<std::string, std::string>& added) {
    std::vector<std::string> result;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const std::string text = *entry;
        if (!added.contains(text.substr(0, text.find('=')))) result.push_back(text);
    }
    for (const auto& [name, value] : added)
        result.push_back(name + "=" + value);
    return result;
}

std::vector<char*> pointersTo(std::vector<std::string>& words) {
    std::vector<char*> result;
    for (auto& word : words)
        result.push_back(word.data());
    result.push_back(nullptr);
    return result;
}

/// In the new process: what fork() leaves to do before the program starts. Only system calls are allowed
/// here.
void becomeProgram(const ChildProcess::Command& command, pid_t parent, int input, int output,
                   char* const* words, char* const* environment) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(kCouldNotStart);
    std::signal(SIGPIPE, SIG_DFL); // the test ignores it; the programs must cope by themselves
    if (command.descriptors) {
        const rlimit limit{*command.descriptors, *command.descriptors};
        ::setrlimit(RLIMIT_NOFILE, &limit);
    }
    if (input >= 0) ::dup2(input, STDIN_FILENO);
    if (command.ownsTerminal) {
        ::setsid();
        ::ioctl(STDIN_FILENO, TIOCSCTTY, 0);
    }
    ::dup2(output, STDOUT_FILENO);
    ::dup2(output, STDERR_FILENO);
    ::close_range(STDERR_FILENO + 1, ~0U,
                  CLOSE_RANGE_CLOEXEC); // sockets of the test are none of its business
    ::execve(words[0], words, environment);
    ::_exit(kCouldNotStart);
}

int exitCodeOf(int status) {
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/// What a stat file of /proc says of user and system time.
std::chrono::milliseconds processorTimeIn(const std::string& stat) {
    std::istringstream fields(
        stat.substr(stat.rfind(')') + 2)); // the third field on: the second may hold spaces
    std::string skipped;
    for (int field = 3; field < 14; ++field)
        fields >> skipped;
    long user = 0;
    long system = 0;
    fields >> user >> system;
    return std::chrono::milliseconds((user + system) * 1000 / ::sysconf(_SC_CLK_TCK));
}

} // namespace

ChildProcess::ChildProcess(const Command& command) {
    auto words = command.words;
    auto environment = environmentWith(command.environment);
    const auto wordPointers = pointersTo(words);
    const auto environmentPointers = pointersTo(environment);
    const int output =
        ::open(command.outputFile.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_NOCTTY | O_CLOEXEC, 0600);
    if (output < 0) throw std::runtime_error("can't write " + command.outputFile);
    const int input =
        command.inputFile.empty() ? -1 : ::open(command.inputFile.c_str(), O_RDONLY | O_NOCTTY | O_CLOEXEC);
    const pid_t parent = ::getpid();
    _pid = ::fork();
    if (_pid == 0)
        becomeProgram(command, parent, input, output, wordPointers.data(), environmentPointers.data());
    ::close(output);
    ::close(input);
    if (_pid < 0) throw std::runtime_error(std::string("fork: ") + std::strerror(errno));
}

ChildProcess::~ChildProcess() {
    if (!isRunning()) return;
    ::kill(_pid, SIGKILL);
    ::waitpid(_pid, nullptr, 0);
}

void ChildProcess::signal(int number) const {
    if (!_exitCode) ::kill(_pid, number);
}

void ChildProcess::freeze() const {
    const std::filesystem::path threads = "/proc/" + std::to_string(_pid) + "/task";
    signal(SIGSTOP);
    waitUntil("process " + std::to_string(_pid) + " stands still", [&] {
        return std::all_of(std::filesystem::directory_iterator(threads), {}, [](const auto& thread) {
            return readFile(thread.path() / "status").find("State:\tT") != std::string::npos;
        });
    });
}

bool ChildProcess::isRunning() {
    int status = 0;
    if (!_exitCode && ::waitpid(_pid, &status, WNOHANG) == _pid) _exitCode = exitCodeOf(status);
    return !_exitCode;
}

int ChildProcess::waitForExit(std::chrono::milliseconds patience) {
    waitUntil(
        "process " + std::to_string(_pid) + " ends", [this] { return !isRunning(); }, patience);
    return *_exitCode;
}

int ChildProcess::stop(int number, std::chrono::milliseconds patience) {
    signal(number);
    return waitForExit(patience);
}

std::uint64_t ChildProcess::peakMemory() const {
    return std::stoull(statusField("VmHWM")) * 1024;
}

void ChildProcess::resetPeakMemory() const {
    writeFile("/proc/" + std::to_string(_pid) + "/clear_refs", "5");
}

std::size_t ChildProcess::threadCount() const {
    return std::stoul(statusField("Threads"));
}

std::size_t ChildProcess::descriptorCount() const {
    std::vector<std::string> names;
    Poco::File("/proc/" + std::to_string(_pid) + "/fd").list(names);
    return names.size();
}

std::string ChildProcess::statusField(const std::string& name) const {
    std::istringstream lines(readFile("/proc/" + std::to_string(_pid) + "/status"));
    for (std::string line; std::getline(lines, line);)
        if (line.starts_with(name + ":")) return line.substr(name.size() + 1);
    throw std::runtime_error("no " + name + " in /proc/" + std::to_string(_pid) + "/status");
}

std::chrono::milliseconds ChildProcess::processorTime() const {
    return processorTimeIn(readFile("/proc/" + std::to_string(_pid) + "/stat"));
}

std::chrono::milliseconds ChildProcess::processorTime(const std::string& threadName) const {
    return processorTimeIn(readFile("/proc/" + std::to_string(_pid) + "/task/" +
                                    std::to_string(threadNamed(threadName)) + "/stat"));
}

pid_t ChildProcess::threadNamed(const std::string& name) const {
    const std::filesystem::path threads = "/proc/" + std::to_string(_pid) + "/task";
    for (const auto& thread : std::filesystem::directory_iterator(threads))
        if (readFile(thread.path() / "comm") == name + "\n") return std::stoi(thread.path().filename());
    throw std::runtime_error("no thread is named " + name);
}

Finished run(ChildProcess::Command command) {
    const Folder folder;
    command.outputFile = folder.path("output");
    Finished result;
    result.exitCode = ChildProcess(command).waitForExit();
    result.output = readFile(command.outputFile);
    return result;
}

std::string programPath(const std::string& variable) {
    const char* path = std::getenv(variable.c_str());
    if (path == nullptr)
        throw std::runtime_error("set " + variable + " in the environment; CONTRIBUTING.md shows how");
    return path;
}

} // namespace connector::test
