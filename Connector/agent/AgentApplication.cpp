#include "agent/AgentApplication.h"

#include "agent/AgentConfiguration.h"
#include "agent/AgentPipes.h"
#include "base/Logging.h"
#include "base/ProcessSetup.h"
#include "base/ServiceManager.h"
#include "net/Watchdog.h"

#include <Poco/Util/HelpFormatter.h>
#include <Poco/Util/OptionException.h>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <thread>

namespace connector {

namespace {

constexpr const char* kProgram = "iofog-connector-agent";

/// How long Connector may take to answer OPEN: it waits for an agent on the other side, and that one for its
/// target.
constexpr std::chrono::milliseconds kConnectorsAnswer{30000};

/// The passcode's way in when it shall not be in a file.
constexpr const char* kPasscodeVariable = "IOFOG_AGENT_PASSCODE";

std::string passcodeFromEnvironment() {
    const auto* passcode = std::getenv(kPasscodeVariable);
    return passcode ? passcode : "";
}

void reload(AgentPipes& pipes, const std::string& file) {
    auto& log = Poco::Logger::get("agent");
    try {
        pipes.apply(AgentConfiguration::load(file, passcodeFromEnvironment()).pipes);
        log.notice("%s was read again", file);
    } catch (const FieldError& error) {
        log.error("%s: %s; all pipes stay as they were", file, std::string(error.what()));
    } catch (const std::runtime_error& error) {
        log.error("%s", std::string(error.what()));
    }
}

/// Works until SIGINT or SIGTERM.
void serve(const AgentConfiguration& configuration, AgentPipes::Mode mode, const std::string& file,
           const sigset_t& signals) {
    auto& log = Poco::Logger::get("agent");
    EventLoops loops(std::thread::hardware_concurrency());
    const Watchdog watchdog(loops);
    PipeSettings settings;
    settings.limits.open = kConnectorsAnswer;
    PipeEnvironment environment(loops, settings, nullptr);
    AgentPipes pipes(environment, mode);
    log.notice("%s %s begins", std::string(kProgram), std::string(CONNECTOR_VERSION));
    pipes.apply(configuration.pipes);
    notifyReady(pipes.summary());
    for (;;) {
        int signal = 0;
        ::sigwait(&signals, &signal);
        if (signal != SIGHUP) break;
        notifyReloading();
        reload(pipes, file);
        notifyReady(pipes.summary());
    }
    notifyStopping();
    log.notice("stopping");
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
    options.addOption(Option("pipe1", "", "speak PIPE/1 to Connector, for one that knows no PIPE/2"));
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
    if (name == "pipe1") _pipe1 = true;
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
    if (!_plain)
        for (const auto& pipe : configuration.pipes)
            contextFor(pipe);
    if (_onlyCheck) {
        std::cout << _configurationFile << ": ok" << std::endl;
        return EXIT_OK;
    }
    const auto signals = blockSignals({SIGHUP, SIGINT, SIGTERM});
    raiseDescriptorLimit();
    const Logging logging(_logLevel.empty() ? configuration.logLevel : _logLevel, "");
    serve(configuration, {_pipe1 ? Protocol::Pipe1 : Protocol::Pipe2, _plain}, _configurationFile, signals);
    return EXIT_OK;
}

void AgentApplication::printHelp() const {
    Poco::Util::HelpFormatter help(options());
    help.setCommand(kProgram);
    help.setUsage("--config=FILE [--plain] [--pipe1] [--log-level=LEVEL] [--check]");
    help.setHeader(
        "Holds connections to a mapping's port of an ioFog Connector and joins each to a target on "
        "this node, or to a program that connects here.");
    help.setFooter(
        "The configuration is a JSON object with the keys mode (\"public\" or \"private\"), role (private "
        "only: "
        "\"connect\" or \"listen\"), host, port, connectioncount, passcode, localhost, localport, "
        "heartbeatfrequency (ms; 20000), heartbeatabsencethreshold (ms; 60000; 0: never), cert (the CA "
        "certificates to trust, PEM; the system's), proxyprotocol (\"v1\" or \"v2\": what the target is told "
        "of visitors; nothing) and loglevel (information); or several such objects in an array pipes. "
        "Without the key passcode, the "
        "environment variable " +
        std::string(kPasscodeVariable) +
        " is read. SIGHUP reads the configuration again and leaves the pipes alone that have not changed; "
        "SIGTERM and SIGINT stop the program. Exit codes: 0 stopped as asked, 64 wrong options, 69 "
        "the local port or another resource is not to be had, 78 wrong configuration.");
    help.format(std::cout);
}

} // namespace connector
