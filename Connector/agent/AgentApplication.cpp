#include "agent/AgentApplication.h"

#include "agent/AgentConfiguration.h"
#include "agent/AgentRuntime.h"
#include "agent/iofog/ControlSocket.h"
#include "agent/iofog/MessageBus.h"
#include "base/FileText.h"
#include "base/Logging.h"
#include "base/ProcessSetup.h"
#include "base/ServiceManager.h"

#include <Poco/NumberParser.h>
#include <Poco/RegularExpression.h>
#include <Poco/Util/HelpFormatter.h>
#include <Poco/Util/OptionException.h>

#include <csignal>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <limits>
#include <tuple>

namespace connector {

namespace {

constexpr const char* kProgram = "iofog-connector-agent";

/// ioFog's id of the container that this program runs in.
constexpr const char* kContainerVariable = "SELFNAME";

std::string environmentVariable(const char* name) {
    const auto* value = std::getenv(name);
    return value ? value : "";
}

/// "HOST:PORT", or "[ADDRESS]:PORT".
std::pair<std::string, std::uint16_t> hostAndPort(const std::string& text) {
    static const Poco::RegularExpression form(R"(^(?:\[([0-9A-Fa-f:.]+)\]|([^\s\[\]:]+)):(\d{1,5})$)");
    std::vector<std::string> parts;
    unsigned port = 0;
    if (form.split(text, parts) == 0 || !Poco::NumberParser::tryParseUnsigned(parts.at(3), port) ||
        port == 0 || port > std::numeric_limits<std::uint16_t>::max())
        throw Poco::Util::InvalidArgumentException("iofog", text + "; it must be HOST:PORT");
    return {parts.at(1) + parts.at(2), static_cast<std::uint16_t>(port)};
}

void logBegin() {
    Poco::Logger::get("agent").notice("%s %s begins", std::string(kProgram), std::string(CONNECTOR_VERSION));
}

AgentConfiguration parsed(const std::string& fromLocalApi) {
    return AgentConfiguration::parse(fromLocalApi, AgentEnvironment::ofProcess(), AgentSource::LocalApi);
}

void checkCertificates(const AgentConfiguration& configuration, AgentPipeFactory::Mode mode) {
    if (mode.plain) return;
    for (const auto& pipe : configuration.pipes)
        contextFor(pipe);
}

/// source: for messages. drainTimeout: what the new configuration says, if it can be applied.
void apply(AgentPipes& pipes, const std::string& source,
           const std::function<AgentConfiguration()>& configuration,
           std::chrono::milliseconds& drainTimeout) {
    auto& log = Poco::Logger::get("agent");
    notifyReloading();
    try {
        const auto read = configuration();
        pipes.apply(read.pipes);
        drainTimeout = read.drainTimeout;
        log.notice("%s was read again", source);
    } catch (const FieldError& error) {
        log.error("%s: %s; all pipes stay as they were", source, error.withoutValue());
    } catch (const FileReadError& error) {
        log.error("%s; all pipes stay as they were", std::string(error.what()));
    } catch (const std::runtime_error& error) {
        log.error("%s", std::string(error.what()));
    }
    notifyReady(pipes.summary());
}

/// Works until SIGINT or SIGTERM.
void serve(const AgentConfiguration& configuration, AgentPipeFactory::Mode mode, const std::string& file,
           const sigset_t& signals) {
    AgentRuntime runtime;
    AgentPipes pipes(runtime.environment, mode, nullptr);
    logBegin();
    pipes.apply(configuration.pipes);
    notifyReady(pipes.summary());
    auto drainTimeout = configuration.drainTimeout;
    while (awaitSignal(signals) == SIGHUP)
        apply(
            pipes, file, [&] { return AgentConfiguration::load(file, AgentEnvironment::ofProcess()); },
            drainTimeout);
    stopPipes(pipes, drainTimeout, signals);
}

/// The same with what the local API says. hasLevel: the log's level is not the configuration's business.
void serve(const LocalApi& api, AgentPipeFactory::Mode mode, bool hasLevel, const sigset_t& signals) {
    AgentRuntime runtime;
    MessageBus bus(api);
    AgentPipes pipes(runtime.environment, mode, &bus);
    logBegin();
    Poco::Logger::get("agent").notice("takes its configuration from %s", api.name());
    notifyReady(pipes.summary());
    ControlSocket control(api);
    std::chrono::milliseconds drainTimeout{0};
    while (awaitSignal(signals) == SIGHUP) {
        const auto text = control.take();
        if (!text) {
            control.fetchAgain();
            continue;
        }
        const auto configuration = [&] {
            auto read = parsed(*text);
            if (!hasLevel) Poco::Logger::setLevel("", Poco::Logger::parseLevel(read.logLevel));
            return read;
        };
        apply(pipes, "the configuration of " + api.name(), configuration, drainTimeout);
        control.applied();
    }
    stopPipes(pipes, drainTimeout, signals);
}

int fail(int exitCode, const std::string& message) {
    std::cerr << kProgram << ": " << message << std::endl;
    return exitCode;
}

} // namespace

void AgentApplication::defineOptions(Poco::Util::OptionSet& options) {
    using Poco::Util::Option;
    Application::defineOptions(options);
    options.addOption(Option("config", "c", "read this configuration").argument("FILE"));
    options.addOption(
        Option("iofog", "",
               "be ioFog's networking container: take the configuration from the local API of "
               "ioFog's agent on this node (iofog:54321), and in private mode carry ioMessages; "
               "the default without --config when the environment has SELFNAME")
            .argument("HOST:PORT", false));
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
    if (name == "iofog") {
        _isContainer = true;
        if (!value.empty()) std::tie(_localApiHost, _localApiPort) = hostAndPort(value);
    }
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
    const auto containerId = environmentVariable(kContainerVariable);
    if (_isContainer && !_configurationFile.empty())
        return fail(EXIT_USAGE, "--config and --iofog exclude each other; see --help");
    if (_isContainer && containerId.empty())
        return fail(EXIT_USAGE, std::string("--iofog needs ioFog's id of this container in the environment "
                                            "variable ") +
                                    kContainerVariable);
    if (_configurationFile.empty() && containerId.empty())
        return fail(EXIT_USAGE, "--config=FILE or --iofog is missing; see --help");
    return runConfigured(containerId);
}

int AgentApplication::runConfigured(const std::string& containerId) {
    const LocalApi api(_localApiHost, _localApiPort, containerId);
    const bool isFromFile = !_configurationFile.empty();
    try {
        return isFromFile ? runFromFile() : runAsContainer(api);
    } catch (const FieldError& error) {
        return fail(EXIT_CONFIG, (isFromFile ? _configurationFile : api.name()) + ": " + error.what());
    } catch (const FileReadError& error) {
        return fail(EXIT_CONFIG, error.what());
    } catch (const Poco::Exception& error) {
        return fail(EXIT_UNAVAILABLE, error.displayText());
    } catch (const std::runtime_error& error) {
        return fail(EXIT_UNAVAILABLE, error.what());
    }
}

AgentPipeFactory::Mode AgentApplication::mode() const {
    return {_pipe1 ? Protocol::Pipe1 : Protocol::Pipe2, _plain};
}

int AgentApplication::runFromFile() {
    const auto configuration = AgentConfiguration::load(_configurationFile, AgentEnvironment::ofProcess());
    checkCertificates(configuration, mode());
    if (_onlyCheck) {
        std::cout << _configurationFile << ": ok" << std::endl;
        return EXIT_OK;
    }
    const auto signals = blockSignals({SIGHUP, SIGINT, SIGTERM});
    raiseDescriptorLimit();
    const Logging logging(_logLevel.empty() ? configuration.logLevel : _logLevel, "");
    serve(configuration, mode(), _configurationFile, signals);
    return EXIT_OK;
}

int AgentApplication::runAsContainer(const LocalApi& api) {
    if (_onlyCheck) {
        Interruption interruption;
        checkCertificates(parsed(api.configuration(interruption)), mode());
        std::cout << api.name() << ": ok" << std::endl;
        return EXIT_OK;
    }
    const auto signals = blockSignals({SIGHUP, SIGINT, SIGTERM});
    raiseDescriptorLimit();
    const Logging logging(_logLevel.empty() ? "information" : _logLevel, "");
    serve(api, mode(), !_logLevel.empty(), signals);
    return EXIT_OK;
}

void AgentApplication::printHelp() const {
    Poco::Util::HelpFormatter help(options());
    help.setCommand(kProgram);
    help.setUsage("--config=FILE|--iofog[=HOST:PORT] [--plain] [--pipe1] [--log-level=LEVEL] [--check]");
    help.setHeader(
        "Holds connections to a mapping's port of an ioFog Connector and joins each to a target on "
        "this node, or to a program that connects here. \"expose TARGET --server=URL\" instead of options "
        "opens a "
        "mapping for a service of this node by itself; see expose --help.");
    help.setFooter(
        "The configuration is a JSON object with the keys mode (\"public\" or \"private\"), role (private "
        "only: \"connect\" or \"listen\"; with --iofog it may be left out, and ioMessages are carried), "
        "host (a name or address, or an array of them: all are connected), port, connectioncount (the most "
        "connections to an address), connections (what Connector says), resolveinterval (ms after which "
        "names "
        "are looked up again; 30000), maxaddresses (to be connected; 16), passcode, "
        "proxy (http://USER:PASSWORD@HOST:PORT: Connector is reached through it; null: none), "
        "localhost, localport, devmode (true: as --plain; false), "
        "heartbeatfrequency (ms; 20000), heartbeatabsencethreshold (ms; 60000; 0: never), cert (the CA "
        "certificates to trust, PEM; the system's), proxyprotocol (\"v1\" or \"v2\": what the target is told "
        "of visitors; nothing), draintimeout (ms that running connections are given at a stop; 20000) and "
        "loglevel (information); or several such objects in an array pipes. "
        "Without the key passcode, the environment variable IOFOG_AGENT_PASSCODE is read; without the key "
        "proxy, https_proxy and no_proxy are. SIGHUP reads or fetches the configuration again and leaves the "
        "pipes alone that have not "
        "changed; "
        "SIGTERM and SIGINT stop the program, twice: at once. Exit codes: 0 stopped as asked, 64 wrong "
        "options, 69 "
        "a local port or another resource is not to be had, 78 wrong configuration.");
    help.format(std::cout);
}

} // namespace connector
