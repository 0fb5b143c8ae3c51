#include "app/ConnectorApplication.h"

#include "app/Server.h"
#include "base/Logging.h"
#include "base/ProcessSetup.h"
#include "base/ServiceManager.h"

#include <csignal>
#include <iostream>

namespace connector {

namespace {

constexpr const char* kProgram = "iofog-connector";

/// What is served, in a few words.
std::string summary(const Configuration& configuration) {
    return "API on port " + std::to_string(configuration.api.port) + ", " +
           (configuration.dev ? "development mode (no TLS)" : "production mode (TLS)");
}

void reload(Server& server, Logging& logging, Poco::Logger& log) {
    logging.reopenFile();
    try {
        log.notice(server.reloadCredentials() ? "certificate and key were read again"
                                              : "without TLS there is nothing to read again");
    } catch (const TlsError& error) {
        log.error("certificate and key stay as they were: %s", std::string(error.what()));
    }
}

/// Serves until SIGINT or SIGTERM.
void serve(const Configuration& configuration, const sigset_t& signals, Logging& logging) {
    auto& log = Poco::Logger::get("app");
    Server server(configuration);
    log.notice("%s %s is ready: %s", std::string(kProgram), std::string(CONNECTOR_VERSION),
               summary(configuration));
    if (configuration.dev)
        log.notice("this is for development; \"%s setup\" makes a configuration for production",
                   std::string(kProgram));
    notifyReady(summary(configuration));
    for (;;) {
        int signal = 0;
        ::sigwait(&signals, &signal);
        if (signal != SIGHUP) break;
        notifyReloading();
        reload(server, logging, log);
        notifyReady(summary(configuration));
    }
    notifyStopping();
    log.notice("stopping");
}

int fail(int exitCode, const std::string& message) {
    std::cerr << kProgram << ": " << message << std::endl;
    return exitCode;
}

} // namespace

Poco::Util::OptionSet ConnectorApplication::allOptions() {
    Poco::Util::OptionSet options;
    ConnectorApplication().defineOptions(options);
    return options;
}

void ConnectorApplication::defineOptions(Poco::Util::OptionSet& options) {
    using Poco::Util::Option;
    Application::defineOptions(options);
    options.addOption(
        Option("config", "c", std::string("read this configuration instead of ") + kDefaultConfiguration)
            .argument("FILE"));
    options.addOption(Option("check", "", "check the configuration alone, and exit"));
}

void ConnectorApplication::handleOption(const std::string& name, const std::string& value) {
    ServerApplication::handleOption(name, value);
    if (name == "config") _configurationFile = value;
    if (name == "check") _onlyCheck = true;
}

int ConnectorApplication::main(const std::vector<std::string>& arguments) {
    if (!arguments.empty()) return fail(EXIT_USAGE, "unknown argument " + arguments.front() + "; see --help");
    try {
        const auto configuration = Configuration::load(findConfiguration(_configurationFile));
        if (_onlyCheck) {
            std::cout << configuration.file << ": ok" << std::endl;
            return EXIT_OK;
        }
        const auto signals = blockSignals({SIGHUP, SIGINT, SIGTERM});
        raiseDescriptorLimit();
        Logging logging(configuration.logLevel, configuration.logFile);
        if (configuration.file != _configurationFile)
            Poco::Logger::get("app").notice(
                "%s, the earlier Connector's, is read: %s is not there, or as it was installed",
                configuration.file, _configurationFile);
        serve(configuration, signals, logging);
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

} // namespace connector
