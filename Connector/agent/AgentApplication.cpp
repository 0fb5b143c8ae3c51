#include "agent/AgentApplication.h"

#include "agent/AgentConfiguration.h"
#include "agent/AgentPipe.h"
#include "app/Logging.h"
#include "net/TlsContext.h"

#include <Poco/Util/HelpFormatter.h>
#include <Poco/Util/OptionException.h>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <sys/resource.h>

namespace connector {

namespace {

constexpr const char* kProgram = "iofog-connector-agent";

/// The passcode's way in when it shall not be in a file.
constexpr const char* kPasscodeVariable = "IOFOG_AGENT_PASSCODE";

std::string passcodeFromEnvironment() {
    const auto* passcode = std::getenv(kPasscodeVariable);
    return passcode ? passcode : "";
}

/// null: without TLS. Throws FieldError.
Poco::Net::Context::Ptr contextFor(const AgentPipeSettings& settings, bool plain) {
    if (plain) return nullptr;
    try {
        return makeClientContext(settings.trusted);
    } catch (const TlsError& error) {
        throw FieldError(std::string("cert: ") + error.what() +
                         "; it must be PEM certificates, or the base64 body of one");
    }
}

/// Signals that stop the program; blocked before the first thread starts, so that every thread has them
/// blocked.
sigset_t blockStopSignals() {
    std::signal(SIGPIPE, SIG_IGN); // OpenSSL writes without MSG_NOSIGNAL
    sigset_t signals;
    ::sigemptyset(&signals);
    for (const int signal : {SIGINT, SIGTERM})
        ::sigaddset(&signals, signal);
    ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    return signals;
}

/// Ten thousand connections and their targets need more than the usual soft limit of 1024.
void raiseDescriptorLimit() {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

/// Works until one of the signals comes.
void serve(const AgentPipeSettings& settings, const Poco::Net::Context::Ptr& tls, const sigset_t& signals) {
    auto& log = Poco::Logger::get("agent");
    EventLoops loops(1);
    PipeEnvironment environment(loops, {}, nullptr);
    const auto pipe = AgentPipe::make(environment, settings, tls);
    pipe->start();
    log.notice("%s %s holds %s", std::string(kProgram), std::string(CONNECTOR_VERSION), settings.summary());
    int signal = 0;
    ::sigwait(&signals, &signal);
    log.notice("stopping");
    pipe->close().wait();
}

int fail(int exitCode, const std::string& message) {
    std::cerr << kProgram << ": " << message << std::endl;
    return exitCode;
}

} // namespace

void AgentApplication::defineOptions(Poco::Util::OptionSet& options) {
    using Poco::Util::Option;
    Application::defineOptions(options);
    options.addOption(Option("config", "c", "read this configuration; needed").argument("FILE"));
    options.addOption(Option("plain", "", "speak to Connector without TLS, when it runs with \"dev\": true"));
    options.addOption(Option("log-level", "",
                             "log this and worse: trace, debug, information, notice, warning, "
                             "error, critical, fatal or none; wins over the configuration")
                          .argument("LEVEL"));
    options.addOption(Option("check", "", "check the configuration and exit"));
    options.addOption(Option("help", "h", "show this help and exit"));
    options.addOption(Option("version", "", "show the version and exit"));
}

void AgentApplication::handleOption(const std::string& name, const std::string& value) {
    Application::handleOption(name, value);
    if (name == "config") _configurationFile = value;
    if (name == "plain") _plain = true;
    if (name == "check") _onlyCheck = true;
    if (name == "log-level") {
        if (!isLogLevel(value)) throw Poco::Util::InvalidArgumentException("log-level", value);
        _logLevel = value;
    }
    if (name == "help") printHelp();
    if (name == "version") std::cout << kProgram << " " << CONNECTOR_VERSION << std::endl;
    if (name == "help" || name == "version") {
        _answered = true;
        stopOptionsProcessing();
    }
}

int AgentApplication::main(const std::vector<std::string>& arguments) {
    if (_answered) return EXIT_OK;
    if (!arguments.empty()) return fail(EXIT_USAGE, "unknown argument " + arguments.front() + "; see --help");
    if (_configurationFile.empty()) return fail(EXIT_USAGE, "--config=FILE is missing; see --help");
    try {
        return runConfigured();
    } catch (const FieldError& error) {
        return fail(EXIT_CONFIG, _configurationFile + ": " + error.what());
    } catch (const Poco::Exception& error) {
        return fail(EXIT_UNAVAILABLE, error.displayText());
    } catch (const std::runtime_error& error) {
        return fail(EXIT_UNAVAILABLE, error.what());
    }
}

int AgentApplication::runConfigured() {
    const auto configuration = AgentConfiguration::load(_configurationFile, passcodeFromEnvironment());
    const auto tls = contextFor(configuration.pipe, _plain);
    if (_onlyCheck) {
        std::cout << _configurationFile << ": ok" << std::endl;
        return EXIT_OK;
    }
    const auto signals = blockStopSignals();
    raiseDescriptorLimit();
    const Logging logging(_logLevel.empty() ? configuration.logLevel : _logLevel, "");
    serve(configuration.pipe, tls, signals);
    return EXIT_OK;
}

void AgentApplication::printHelp() const {
    Poco::Util::HelpFormatter help(options());
    help.setCommand(kProgram);
    help.setUsage("--config=FILE [--plain] [--log-level=LEVEL] [--check]");
    help.setHeader(
        "Holds connections to a mapping's port of an ioFog Connector and joins each to a target on "
        "this node, or to a program that connects here.");
    help.setFooter(
        "The configuration is a JSON object with the keys mode (\"public\" or \"private\"), role (private "
        "only: "
        "\"connect\" or \"listen\"), host, port, connectioncount, passcode, localhost, localport, "
        "heartbeatfrequency (ms; 20000), heartbeatabsencethreshold (ms; 60000; 0: never), cert (the CA "
        "certificates to trust, PEM; the system's) and loglevel (information). Without the key passcode, the "
        "environment variable " +
        std::string(kPasscodeVariable) +
        " is read. SIGTERM and SIGINT stop the program. Exit codes: 0 stopped as asked, 64 wrong options, 69 "
        "the local port or another resource is not to be had, 78 wrong configuration.");
    help.format(std::cout);
}

} // namespace connector
