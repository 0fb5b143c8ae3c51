#include "app/ConnectorApplication.h"

#include "app/Server.h"
#include "base/Logging.h"
#include "base/ProcessSetup.h"

#include <Poco/Util/HelpFormatter.h>

#include <csignal>
#include <iostream>

namespace connector {

namespace {

constexpr const char* kProgram = "iofog-connector";

void reload(Server& server, Poco::Logger& log) {
    try {
        log.notice(server.reloadCredentials() ? "certificate and key were read again"
                                              : "without TLS there is nothing to read again");
    } catch (const TlsError& error) {
        log.error("certificate and key stay as they were: %s", std::string(error.what()));
    }
}

/// Serves until SIGINT or SIGTERM.
void serve(const Configuration& configuration, const sigset_t& signals, Poco::Logger& log) {
    Server server(configuration);
    log.notice("%s %s is ready: API on port %hu, %s", std::string(kProgram), std::string(CONNECTOR_VERSION),
               configuration.api.port,
               std::string(configuration.dev ? "development mode (no TLS)" : "production mode (TLS)"));
    for (;;) {
        int signal = 0;
        ::sigwait(&signals, &signal);
        if (signal != SIGHUP) break;
        reload(server, log);
    }
    log.notice("stopping");
}

int fail(int exitCode, const std::string& message) {
    std::cerr << kProgram << ": " << message << std::endl;
    return exitCode;
}

} // namespace

void ConnectorApplication::defineOptions(Poco::Util::OptionSet& options) {
    using Poco::Util::Option;
    Application::defineOptions(options);
    options.addOption(Option("config", "c", "read this configuration").argument("FILE"));
    options.addOption(Option("check", "", "check the configuration and exit"));
    options.addOption(Option("help", "h", "show this help and exit"));
    options.addOption(Option("version", "", "show the version and exit"));
}

void ConnectorApplication::handleOption(const std::string& name, const std::string& value) {
    ServerApplication::handleOption(name, value);
    if (name == "config") _configurationFile = value;
    if (name == "check") _onlyCheck = true;
    if (name == "help") printHelp();
    if (name == "version") std::cout << kProgram << " " << CONNECTOR_VERSION << std::endl;
    if (name == "help" || name == "version") {
        _answered = true;
        stopOptionsProcessing();
    }
}

int ConnectorApplication::main(const std::vector<std::string>& arguments) {
    if (_answered) return EXIT_OK;
    if (!arguments.empty()) return fail(EXIT_USAGE, "unknown argument " + arguments.front() + "; see --help");
    try {
        const auto configuration = Configuration::load(_configurationFile);
        if (_onlyCheck) {
            std::cout << _configurationFile << ": ok" << std::endl;
            return EXIT_OK;
        }
        const auto signals = blockSignals({SIGHUP, SIGINT, SIGTERM});
        raiseDescriptorLimit();
        const Logging logging(configuration.logLevel, configuration.logFile);
        serve(configuration, signals, Poco::Logger::get("app"));
        return EXIT_OK;
    } catch (const ConfigurationError& error) {
        return fail(EXIT_CONFIG, error.what());
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

void ConnectorApplication::printHelp() const {
    Poco::Util::HelpFormatter help(options());
    help.setCommand(kProgram);
    help.setUsage("[--config=FILE] [--check]");
    help.setHeader("The public meeting point for ioFog nodes behind firewalls and NAT.");
    help.setFooter(
        "Without --config, " + _configurationFile +
        " is read. SIGHUP reads certificate and key again; SIGTERM and SIGINT stop the program. Exit "
        "codes: 0 stopped as asked, 64 wrong options, 69 a port or another resource is not to be had, "
        "73 the log file can't be written, "
        "74 the database can't be used, 78 wrong configuration.");
    help.format(std::cout);
}

} // namespace connector
