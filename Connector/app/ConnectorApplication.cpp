#include "app/ConnectorApplication.h"

#include "app/Reload.h"
#include "app/Server.h"
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
    return "API on port " + std::to_string(configuration.api.port) + ", " +
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
        readWords({argv + 1, argv + argc});
        _absoluteFile = std::filesystem::absolute(_configurationFile).string();
        _configuration = Configuration::load(findConfiguration(_configurationFile));
        if (_onlyCheck) {
            std::cout << _configuration.file << ": ok" << std::endl;
            return EXIT_OK;
        }
        if (!_isDaemon) {
            init(argc, argv);
            return run();
        }
        const auto logFile = _configuration.backgroundLogFile();
        std::filesystem::create_directories(std::filesystem::path(logFile).parent_path());
        checkWritable(logFile);
        if (!_pidFile.empty()) checkWritable(_pidFile);
        return run(argc, argv); // forks
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

/// POCO reads them once more, when it is too late for a daemon to say what is wrong with them.
void ConnectorApplication::readWords(const std::vector<std::string>& words) {
    Poco::Util::OptionSet options;
    defineOptions(options);
    Poco::Util::OptionProcessor processor(options);
    for (const auto& word : words) {
        std::string name;
        std::string value;
        if (!processor.process(word, name, value)) throw Poco::Util::UnknownOptionException(word);
        if (name == "config") _configurationFile = value;
        if (name == "check") _onlyCheck = true;
        if (name == "pidfile") _pidFile = value;
        if (name == "daemon") _isDaemon = true;
        if (name == "umask" && value.find_first_not_of("01234567") != std::string::npos)
            throw Poco::Util::InvalidArgumentException("umask", value + " is no octal number, such as 027");
    }
    processor.checkRequired();
}

int ConnectorApplication::main(const std::vector<std::string>&) {
    try {
        const auto signals = blockSignals({SIGHUP, SIGINT, SIGTERM});
        raiseDescriptorLimit();
        if (_isDaemon) restartAllocatorThread();
        _logging.emplace(_configuration.logLevel,
                         _isDaemon ? _configuration.backgroundLogFile() : _configuration.logFile);
        if (_configuration.file != _configurationFile)
            log().notice("%s, the earlier Connector's, is read: %s is not there, or as it was installed",
                         _configuration.file, _configurationFile);
        {
            const StartWatch watch;
            _server = std::make_unique<Server>(_configuration);
        }
        log().notice("%s %s is ready: %s", std::string(kProgram), std::string(CONNECTOR_VERSION),
                     summary(_configuration));
        if (_configuration.dev)
            log().notice("this is for development; \"%s setup\" makes a configuration for production",
                         std::string(kProgram));
        notifyReady(summary(_configuration));
        waitForTermination(signals);
        return EXIT_OK;
    } catch (const Poco::FileException& error) {
        return fail(EXIT_CANTCREAT, "log.file can't be written: " + error.displayText());
    } catch (const StorageError& error) {
        return fail(EXIT_IOERR, error.what());
    } catch (const Poco::Exception& error) {
        return fail(EXIT_UNAVAILABLE, error.displayText());
    } catch (const std::runtime_error& error) {
        return fail(EXIT_UNAVAILABLE, error.what());
    }
}

void ConnectorApplication::uninitialize() {
    if (_server) {
        notifyStopping();
        log().notice("stopping");
        if (!_server->stop()) endWithoutDisk();
        _server.reset();
    }
    _logging.reset();
    ServerApplication::uninitialize();
}

/// A thread that waits for the disk can't be stopped, nor what it uses be destroyed.
void ConnectorApplication::endWithoutDisk() {
    log().error("the disk of the database does not answer: ended without waiting for it");
    std::thread(endSoon).detach(); // the disk may be the log's, too
    _logging.reset();
    if (!_pidFile.empty()) ::unlink(_pidFile.c_str());
    ::_exit(EXIT_IOERR);
}

/// POCO's waitForTerminationRequest() blocks its signals only now, in this thread alone, so that other
/// threads would be killed by them; and it knows no SIGHUP.
void ConnectorApplication::waitForTermination(const sigset_t& signals) {
    for (int signal = SIGHUP; signal == SIGHUP;) {
        ::sigwait(&signals, &signal);
        if (signal == SIGHUP) reload();
    }
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
    if (_isDaemon && _logging)
        log().fatal(message);
    else
        std::cerr << kProgram << ": " << message << std::endl;
    return exitCode;
}

} // namespace connector
