#include "cli/commands/BackgroundServer.h"

#include "base/Descriptor.h"
#include "base/FileText.h"
#include "cli/CommandError.h"
#include "cli/Files.h"
#include "mapping/MappingStore.h"

#include <Poco/NumberParser.h>
#include <Poco/String.h>
#include <Poco/Util/Application.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>

namespace connector {

namespace {

using Poco::Util::Application;

/// A server ends within 5 s; a busy machine gets more.
constexpr int kStopMilliseconds = 30000;
const std::string kConfigOption = "--config=";

std::string reason(int error) {
    return std::generic_category().message(error);
}

/// How a new process is to be made: in a session of its own, without what this one has open.
class SpawnPlan {
  public:
    explicit SpawnPlan(const std::string& outputFile) {
        ::posix_spawn_file_actions_init(&actions);
        ::posix_spawnattr_init(&attributes);
        ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
        ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        ::posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, outputFile.c_str(),
                                           O_WRONLY | O_CREAT | O_APPEND, S_IRUSR | S_IWUSR | S_IRGRP);
        ::posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
        ::posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
        ::posix_spawn_file_actions_addchdir_np(&actions, "/");
    }
    ~SpawnPlan() {
        ::posix_spawnattr_destroy(&attributes);
        ::posix_spawn_file_actions_destroy(&actions);
    }
    SpawnPlan(const SpawnPlan&) = delete;
    SpawnPlan& operator=(const SpawnPlan&) = delete;

    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
};

std::size_t sizeOf(const std::string& file) {
    std::error_code error;
    const auto size = std::filesystem::file_size(file, error);
    return error ? 0 : size;
}

/// A process that somebody else has started; the descriptor stays its own when the process id is reused.
class ForeignProcess {
  public:
    explicit ForeignProcess(pid_t pid) : _descriptor(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))) {}

    bool exists() const { return _descriptor.get() >= 0; }

    bool signal(int number) const {
        return ::syscall(SYS_pidfd_send_signal, _descriptor.get(), number, nullptr, 0) == 0;
    }

    bool waitForEnd(int milliseconds) const {
        pollfd end{_descriptor.get(), POLLIN, 0};
        int result = 0;
        while ((result = ::poll(&end, 1, milliseconds)) < 0 && errno == EINTR)
            ;
        return result > 0;
    }

  private:
    Descriptor _descriptor;
};

void send(int number, const ForeignProcess& process, pid_t pid) {
    if (!process.signal(number))
        throw CommandError(Application::EXIT_NOPERM,
                           "process " + std::to_string(pid) + " can't be signalled: " + reason(errno));
}

/// A process id may have passed to another program, or to another Connector, since it was written down.
bool isThisProgram(pid_t pid) {
    std::error_code error;
    const auto name = [&](const std::string& process) {
        return std::filesystem::read_symlink("/proc/" + process + "/exe", error).filename().string();
    };
    const auto own = name("self");
    const auto other = name(std::to_string(pid));
    return other == own || other == own + " (deleted)"; // after an upgrade
}

/// Of a file that may have got its new name, .config, since.
std::filesystem::path nameOf(const std::string& configurationFile) {
    std::error_code error;
    return std::filesystem::weakly_canonical(configurationFile, error).replace_extension();
}

/// Whether launch() has given the process this configuration.
bool isOn(const std::string& configurationFile, pid_t pid) {
    std::ifstream words("/proc/" + std::to_string(pid) + "/cmdline");
    for (std::string word; std::getline(words, word, '\0');)
        if (word.starts_with(kConfigOption) &&
            nameOf(word.substr(kConfigOption.size())) == nameOf(configurationFile))
            return true;
    return false;
}

} // namespace

BackgroundServer::BackgroundServer(const Configuration& configuration)
    : _configurationFile(std::filesystem::absolute(configuration.file).string()),
      _databaseFile(configuration.database.localFile()), _pidFile(_databaseFile + ".pid"),
      _outputFile(configuration.backgroundLogFile()) {}

bool BackgroundServer::isRunning() const {
    return MappingStore::isInUse(_databaseFile) || isOurs(rememberedPid());
}

void BackgroundServer::launch() {
    std::error_code error;
    std::filesystem::create_directories(std::filesystem::path(_outputFile).parent_path(), error);
    _outputBefore = sizeOf(_outputFile);
    const SpawnPlan plan(_outputFile);
    auto program = std::filesystem::read_symlink("/proc/self/exe").string();
    auto option = kConfigOption + _configurationFile;
    const std::array<char*, 3> words{program.data(), option.data(), nullptr};
    const int failure =
        ::posix_spawn(&_pid, program.c_str(), &plan.actions, &plan.attributes, words.data(), environ);
    if (failure != 0)
        throw CommandError(Application::EXIT_OSERR, "the service can't be started, with its output in " +
                                                        _outputFile + ": " + reason(failure));
    try {
        remember();
    } catch (const CommandError&) { // or `stop` would not find it
        ::kill(_pid, SIGTERM);
        throw;
    }
}

std::optional<int> BackgroundServer::exitCode() const {
    int status = 0;
    if (::waitpid(_pid, &status, WNOHANG) != _pid) return std::nullopt;
    return WIFEXITED(status) ? WEXITSTATUS(status) : Application::EXIT_SOFTWARE;
}

void BackgroundServer::remember() const {
    std::error_code error; // writing the file says why it can't be written
    std::filesystem::create_directories(std::filesystem::path(_pidFile).parent_path(), error);
    writeFiles({{.path = _pidFile,
                 .content = std::to_string(_pid) + "\n",
                 .ownership = {::geteuid(), ::getegid(), S_IRUSR | S_IWUSR | S_IRGRP | S_IROTH}}});
}

void BackgroundServer::stop() const {
    const auto pid = rememberedPid();
    const ForeignProcess process(pid);
    if (!process.exists() || !isOurs(pid)) refuseForeign("stop it");
    send(SIGTERM, process, pid);
    if (!process.waitForEnd(kStopMilliseconds))
        throw CommandError(Application::EXIT_TEMPFAIL,
                           "process " + std::to_string(pid) + " was told to stop and has not ended after " +
                               std::to_string(kStopMilliseconds / 1000) + " s; see " + _outputFile);
    forget();
    if (isRunning()) refuseForeign("stop it");
}

void BackgroundServer::signal(int number) const {
    const auto pid = rememberedPid();
    const ForeignProcess process(pid);
    if (!process.exists() || !isOurs(pid)) refuseForeign(std::string("send it SIG") + ::sigabbrev_np(number));
    send(number, process, pid);
}

bool BackgroundServer::isOurs(pid_t pid) const {
    return pid > 0 && isThisProgram(pid) && isOn(_configurationFile, pid);
}

void BackgroundServer::refuseForeign(const std::string& what) const {
    throw CommandError(Application::EXIT_NOPERM,
                       _databaseFile +
                           ": a Connector is running on this database, but it was not started by "
                           "\"start\"; " +
                           what + " where it was started");
}

void BackgroundServer::forget() const {
    ::unlink(_pidFile.c_str());
}

std::string BackgroundServer::output() const {
    const auto all = textOf(_outputFile);
    return all.substr(std::min(_outputBefore, all.size()));
}

pid_t BackgroundServer::rememberedPid() const {
    std::error_code error;
    if (!std::filesystem::exists(_pidFile, error)) return -1;
    int pid = 0;
    return Poco::NumberParser::tryParse(Poco::trim(textOf(_pidFile)), pid) && pid > 0 ? pid : -1;
}

} // namespace connector
