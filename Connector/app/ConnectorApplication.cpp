#include "app/ConnectorApplication.h"

#include "app/Reload.h"
#include "app/Server.h"
#include "app/Takeover.h"
#include "app/Upgrade.h"
#include "base/ProcessSetup.h"
#include "base/ServiceManager.h"

#include <Poco/Util/OptionException.h>
#include <Poco/Util/OptionProcessor.h>

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <mutex>
#include <thread>
#include <unistd.h>

namespace connector {

namespace {

constexpr const char* kProgram = "iofog-connector";

/// What is served, in a few words.
std::string summary(const Configuration& configuration) {
    const auto front = configuration.front.port;
    return "API on port " + std::to_string(configuration.api.port) + ", " +
           (front == 0 ? "" : "the front on port " + std::to_string(front) + ", ") +
           (configuration.dev ? "development mode (no TLS)" : "production mode (TLS)");
}

Poco::Logger& log() {
    return Poco::Logger::get("app");
}

/// Throws Poco::FileException for a file that can't be made or written. One that is not there is left to the
/// daemon, which has a umask of its own.
void checkWritable(const std::string& file) {
    const bool isNew = !std::filesystem::exists(file);
    if (!std::ofstream(file, std::ios::app)) throw Poco::CreateFileException(file);
    if (isNew) std::filesystem::remove(file);
}

/// The file that this process was started from, or that has taken its place since.
std::string programOfProcess() {
    const std::string kReplaced = " (deleted)";
    auto program = std::filesystem::read_symlink("/proc/self/exe").string();
    if (program.ends_with(kReplaced)) program.resize(program.size() - kReplaced.size());
    return program;
}

/// Throws std::filesystem::filesystem_error.
void writePidFile(const std::string& file) {
    if (std::ofstream(file) << ::getpid() << std::endl) return;
    throw std::filesystem::filesystem_error("the process id can't be written", file,
                                            std::make_error_code(std::errc::io_error));
}

/// A file that has the process id of this one's predecessor gets this one's.
void replaceInPidFile(const std::string& file, pid_t former) {
    pid_t written = 0;
    if (file.empty() || !(std::ifstream(file) >> written) || written != former) return;
    try {
        writePidFile(file);
    } catch (const std::filesystem::filesystem_error& error) {
        log().warning("the file keeps the process id of the former process: %s", std::string(error.what()));
    }
}

/// Whether another program than this one has its name now, as after an upgrade of the package.
bool isReplacedOnDisk(const std::string& program) {
    std::error_code error;
    return std::filesystem::exists(program, error) &&
           !std::filesystem::equivalent(program, "/proc/self/exe", error);
}

/// Leaves the log a moment.
[[noreturn]] void endSoon() {
    constexpr std::chrono::milliseconds kLogTime{400};
    std::this_thread::sleep_for(kLogTime);
    ::_exit(Poco::Util::Application::EXIT_IOERR);
}

/// Hears SIGTERM and SIGINT while the server is being started, which may wait for the disk for good: then the
/// process ends without it. A start that gets on with it hears of the signal when it is over.
class StartWatch {
  public:
    StartWatch() : _thread([this] { run(); }) {}
    ~StartWatch() {
        {
            const std::lock_guard lock(_mutex);
            _isOver = true;
            _changed.notify_all();
        }
        _thread.join();
    }
    StartWatch(const StartWatch&) = delete;
    StartWatch& operator=(const StartWatch&) = delete;

  private:
    static constexpr std::chrono::milliseconds kStopTime{4500};

    void run() {
        const int signal = waitForSignal();
        if (signal == 0) return;
        {
            std::unique_lock lock(_mutex);
            if (!_changed.wait_for(lock, kStopTime, [this] { return _isOver; })) {
                log().error("the start waits for the disk of the database: ended without waiting for it");
                endSoon();
            }
        }
        ::kill(::getpid(), signal);
    }

    /// 0 when the start is over.
    int waitForSignal() {
        constexpr timespec kPause{0, 50 * 1000 * 1000};
        sigset_t signals;
        ::sigemptyset(&signals);
        ::sigaddset(&signals, SIGTERM);
        ::sigaddset(&signals, SIGINT);
        std::unique_lock lock(_mutex);
        while (!_isOver) {
            lock.unlock();
            const int signal = ::sigtimedwait(&signals, nullptr, &kPause);
            if (signal > 0) return signal;
            lock.lock();
        }
        return 0;
    }

    std::mutex _mutex;
    std::condition_variable _changed;
    bool _isOver = false;
    std::thread _thread;
};

} // namespace

ConnectorApplication::ConnectorApplication() = default;
ConnectorApplication::~ConnectorApplication() = default;

Poco::Util::OptionSet ConnectorApplication::allOptions() {
    Poco::Util::OptionSet options;
    ConnectorApplication().defineOptions(options);
    return options;
}

void ConnectorApplication::defineOptions(Poco::Util::OptionSet& options) {
    using Poco::Util::Option;
    ServerApplication::defineOptions(options);
    options.addOption(
        Option("config", "c", std::string("read this configuration instead of ") + kDefaultConfiguration)
            .argument("FILE"));
    options.addOption(Option("check", "", "check the configuration alone, and exit"));
}

int ConnectorApplication::serve(int argc, char** argv) {
    try {
        _takeover = Takeover::begin();
        _program = programOfProcess();
        _words.assign(argv, argv + argc);
        readWords();
        _absoluteFile = std::filesystem::absolute(_configurationFile).string();
        _configuration = Configuration::load(findConfiguration(_configurationFile));
        if (_onlyCheck) {
            std::cout << _configuration.file << ": ok" << std::endl;
            return EXIT_OK;
        }
        if (_takeover) _wordsForPoco.resize(1); // what they ask for, the former process has done
        if (_takeover || !_isDaemon) {
            init(_wordsForPoco);
            return run();
        }
        const auto logFile = _configuration.backgroundLogFile();
        std::filesystem::create_directories(std::filesystem::path(logFile).parent_path());
        checkWritable(logFile);
        if (!_pidFile.empty()) checkWritable(_pidFile);
        return run(_wordsForPoco); // forks
    } catch (const Poco::Util::OptionException& error) {
        return fail(EXIT_USAGE, error.displayText() + "; see --help");
    } catch (const ConfigurationError& error) {
        return fail(EXIT_CONFIG, error.what());
    } catch (const Poco::FileException& error) {
        return fail(EXIT_CANTCREAT, error.displayText());
    } catch (const std::filesystem::filesystem_error& error) {
        return fail(EXIT_CANTCREAT, error.what());
    } catch (const Poco::Exception& error) {
        return fail(EXIT_USAGE, error.displayText() + "; see --help");
    }
}

/// POCO reads them once more, when it is too late for a daemon to say what is wrong with them; but for the
/// file with the process id, which POCO would remove even when another process has its own there by then.
void ConnectorApplication::readWords() {
    Poco::Util::OptionSet options;
    defineOptions(options);
    Poco::Util::OptionProcessor processor(options);
    _wordsForPoco = {_words.front()};
    std::vector<std::string> option;
    for (std::size_t i = 1; i < _words.size(); ++i) {
        std::string name;
        std::string value;
        if (!processor.process(_words[i], name, value)) throw Poco::Util::UnknownOptionException(_words[i]);
        option.push_back(_words[i]);
        if (name.empty()) continue; // its argument is the next word
        if (name != "pidfile") _wordsForPoco.insert(_wordsForPoco.end(), option.begin(), option.end());
        option.clear();
        if (name == "config") _configurationFile = value;
        if (name == "check") _onlyCheck = true;
        if (name == "pidfile") _pidFile = std::filesystem::absolute(value); // a daemon leaves its folder
        if (name == "daemon") _isDaemon = true;
        if (name == "umask" && value.find_first_not_of("01234567") != std::string::npos)
            throw Poco::Util::InvalidArgumentException("umask", value + " is no octal number, such as 027");
    }
    processor.checkRequired();
}

int ConnectorApplication::main(const std::vector<std::string>&) {
    try {
        const auto signals = blockSignals({SIGHUP, SIGINT, SIGTERM, SIGUSR2});
        raiseDescriptorLimit();
        if (_isDaemon) restartAllocatorThread();
        _logging.emplace(_configuration.logLevel,
                         _isDaemon ? _configuration.backgroundLogFile() : _configuration.logFile,
                         _configuration.logFormat);
        if (!_takeover && !_pidFile.empty()) writePidFile(_pidFile);
        if (_configuration.file != _configurationFile)
            log().notice("%s, the earlier Connector's, is read: %s is not there, or as it was installed",
                         _configuration.file, _configurationFile);
        {
            const StartWatch watch;
            _takeover ? takeOver() : start();
        }
        log().notice("%s %s is ready: %s", std::string(kProgram), std::string(CONNECTOR_VERSION),
                     summary(_configuration));
        if (_configuration.dev)
            log().notice("this is for development; \"%s setup\" makes a configuration for production",
                         std::string(kProgram));
        notifyReady(summary(_configuration));
        _server->watch();
        waitForTermination(signals);
        if (_upgrade) waitForDrained(signals);
        return EXIT_OK;
    } catch (const Poco::FileException& error) {
        return fail(EXIT_CANTCREAT, "log.file can't be written: " + error.displayText());
    } catch (const std::filesystem::filesystem_error& error) {
        return fail(EXIT_CANTCREAT, error.what());
    } catch (const ChannelClosed& error) {
        return fail(EXIT_TEMPFAIL, "the former process has given up: " + std::string(error.what()));
    } catch (const StorageError& error) {
        return fail(EXIT_IOERR, error.what());
    } catch (const Poco::Exception& error) {
        return fail(EXIT_UNAVAILABLE, error.displayText());
    } catch (const std::runtime_error& error) {
        return fail(EXIT_UNAVAILABLE, error.what());
    }
}

void ConnectorApplication::start() {
    _server = std::make_unique<Server>(_configuration, Inheritance());
    _server->openApi(); // before the mappings are back, so that /health can say that they are not
    _server->restore();
    _server->serve();
}

void ConnectorApplication::takeOver() {
    _server = std::make_unique<Server>(_configuration, _takeover->receive());
    _server->onRemoved([this](const std::string& id) { _takeover->tellRemoved(id); });
    _server->restore();
    _takeover->waitForGo();
    _server->openApi();
    _server->serve();
    _takeover->confirm();
    for (const auto& file : {_pidFile, _configuration.database.localFile() + ".pid"})
        replaceInPidFile(file, _takeover->formerProcess());
}

void ConnectorApplication::uninitialize() {
    if (_server) {
        notifyStopping();
        log().notice("stopping");
        if (_takeover && !_upgrade) _takeover->tellStop();
        if (!_server->stop()) endWithoutDisk();
        _server.reset();
    }
    _logging.reset();
    if (!_pidFile.empty() && !_upgrade) ::unlink(_pidFile.c_str());
    ServerApplication::uninitialize();
}

/// A thread that waits for the disk can't be stopped, nor what it uses be destroyed.
void ConnectorApplication::endWithoutDisk() {
    log().error(
        "%s does not answer: ended without waiting for it",
        std::string(_configuration.database.isShared() ? "the database server" : "the disk of the database"));
    std::thread(endSoon).detach(); // the disk may be the log's, too
    _logging.reset();
    if (!_pidFile.empty() && !_upgrade) ::unlink(_pidFile.c_str());
    ::_exit(EXIT_IOERR);
}

/// POCO's waitForTerminationRequest() blocks its signals only now, in this thread alone, so that other
/// threads would be killed by them; and it knows no SIGHUP.
void ConnectorApplication::waitForTermination(const sigset_t& signals) {
    while (!_upgrade) {
        int signal = 0;
        ::sigwait(&signals, &signal);
        const bool isToUpgrade = signal == SIGUSR2 || (signal == SIGHUP && isReplacedOnDisk(_program));
        if (isToUpgrade && upgrade()) return;
        if (signal == SIGHUP)
            reload();
        else if (signal != SIGUSR2)
            return;
    }
}

/// By then its relays have ended, or have had their time.
void ConnectorApplication::waitForDrained(const sigset_t& signals) {
    constexpr std::chrono::milliseconds kLook{100};
    constexpr timespec kNoTime{};
    const auto end = std::chrono::steady_clock::now() + _configuration.drain;
    while (!_server->isDrained()) {
        if (std::chrono::steady_clock::now() >= end)
            return log().notice("relays that still run are ended, as limits.drain is over");
        const int signal = ::sigtimedwait(&signals, nullptr, &kNoTime);
        if (signal == SIGTERM || signal == SIGINT) return;
        if (signal == SIGHUP) _logging->reopenFile();
        const auto news = _upgrade->next(kLook);
        if (!news.removed.empty()) _server->closeDrained(news.removed);
        if (news.isToStop) return;
    }
}

/// False when no new process serves.
bool ConnectorApplication::upgrade() {
    log().notice("to be replaced by a new process of %s", _program);
    notifyReloading();
    auto upgrade = std::make_unique<Upgrade>(*_server, _program, wordsForSuccessor(), _configuration.upgrade,
                                             _takeover ? _takeover->channels() : std::vector<int>());
    try {
        const auto process = upgrade->run();
        _upgrade = std::move(upgrade);
        log().notice("process %d serves now; this one goes on with its relays until they end, for %s ms at "
                     "the most",
                     process, std::to_string(_configuration.drain.count()));
        notifyReplacedBy(process, summary(_configuration));
        _upgrade->confirm();
        return true;
    } catch (const UpgradeFailed& error) {
        log().error("no new process serves, and this one goes on: %s", std::string(error.what()));
        _server->noteFailedUpgrade(error.what());
        notifyReady(summary(_configuration) + "; it could not be upgraded: " + error.what());
        return false;
    }
}

/// A daemon has left the folder that paths in its own words are relative to.
std::vector<std::string> ConnectorApplication::wordsForSuccessor() const {
    std::vector<std::string> words{_words.front(), "--config=" + _absoluteFile};
    if (_isDaemon) words.emplace_back("--daemon");
    if (!_pidFile.empty()) words.push_back("--pidfile=" + _pidFile);
    return words;
}

void ConnectorApplication::reload() {
    notifyReloading();
    _logging->reopenFile();
    const auto told =
        Reload(_configuration, *_server, *_logging, _isDaemon).run(findConfiguration(_absoluteFile));
    notifyReady(summary(_configuration) + (told.empty() ? "" : "; " + told));
}

/// A daemon's standard error is /dev/null.
int ConnectorApplication::fail(int exitCode, const std::string& message) const {
    if (_takeover) _takeover->fail(message);
    if (_isDaemon && _logging)
        log().fatal(message);
    else
        std::cerr << kProgram << ": " << message << std::endl;
    return exitCode;
}

} // namespace connector
