#include "agent/expose/ExposeApplication.h"

#include "agent/AgentConfiguration.h"
#include "agent/expose/Exposure.h"
#include "base/FileText.h"
#include "cli/CommandError.h"
#include "net/TlsContext.h"

#include <Poco/Exception.h>
#include <Poco/Util/HelpFormatter.h>
#include <Poco/Util/OptionException.h>

#include <iostream>

namespace connector {

namespace {

/// In the folder that the command is run in.
constexpr const char* kKeptFile = "iofog-connector-agent.json";

int fail(int exitCode, const std::string& message) {
    std::cerr << "iofog-connector-agent: " << message << std::endl;
    return exitCode;
}

} // namespace

void ExposeApplication::defineOptions(Poco::Util::OptionSet& options) {
    using Poco::Util::Option;
    Application::defineOptions(options);
    options.addOption(
        Option("server", "", "where Connector's API is, such as https://connector.example.org; needed")
            .argument("URL"));
    options.addOption(
        Option("token-file", "", "a file with the token of one of the API's identities, where it wants one")
            .argument("FILE"));
    options.addOption(Option("ca", "", "trust the CA certificates in this file, PEM, instead of the system's")
                          .argument("FILE"));
    options.addOption(Option("name", "",
                             "the first part of the name that visitors use, in the server's domain; the "
                             "mapping's id unless it is given")
                          .argument("NAME"));
    options.addOption(
        Option("keep", "",
               std::string("leave the mapping open at the end, and write the configuration of the "
                           "agent that serves it into a new file; ") +
                   kKeptFile + " unless it is given")
            .argument("FILE", false));
    options.addOption(
        Option("log-level", "",
               "log this and worse on standard error: trace, debug, information, notice, warning, "
               "error, critical, fatal or none; notice")
            .argument("LEVEL"));
    options.addOption(Option("help", "h", "show this help and exit"));
}

void ExposeApplication::handleOption(const std::string& name, const std::string& value) {
    Application::handleOption(name, value);
    if (name == "server") _server = value;
    if (name == "token-file") _tokenFile = value;
    if (name == "ca") _caFile = value;
    if (name == "name") _settings.name = value;
    if (name == "keep") _settings.keptFile = value.empty() ? kKeptFile : value;
    if (name == "log-level") {
        if (!isLogLevel(value)) throw Poco::Util::InvalidArgumentException("log-level", value);
        _settings.logLevel = value;
    }
    if (name == "help") {
        printHelp();
        _answered = true;
        stopOptionsProcessing();
    }
}

int ExposeApplication::main(const std::vector<std::string>& arguments) {
    if (_answered) return EXIT_OK;
    try {
        expose(arguments);
        return EXIT_OK;
    } catch (const CommandError& error) {
        return fail(error.exitCode(), error.what());
    } catch (const FileReadError& error) {
        return fail(EXIT_NOINPUT, error.what());
    } catch (const FieldError& error) {
        return fail(EXIT_CONFIG, error.what());
    } catch (const TlsError& error) {
        return fail(EXIT_CONFIG, _caFile + ": " + error.what());
    } catch (const Poco::Exception& error) {
        return fail(EXIT_OSERR, error.displayText());
    } catch (const std::exception& error) {
        return fail(EXIT_OSERR, error.what());
    }
}

void ExposeApplication::expose(const std::vector<std::string>& arguments) {
    if (arguments.size() != 1)
        throw CommandError(EXIT_USAGE,
                           (arguments.empty() ? "what is to be exposed is missing"
                                              : "\"" + arguments.at(1) + "\" is too much") +
                               std::string("; it is: iofog-connector-agent expose TARGET --server=URL"));
    _settings.target = AgentTarget::parse("TARGET", arguments.front());
    if (!_server)
        throw CommandError(EXIT_USAGE, "--server=URL is missing, which says where Connector's API is; see "
                                       "iofog-connector-agent expose --help");
    _settings.server = serverOf(*_server);
    _settings.proxy = AgentEnvironment::ofProcess().proxies().to(_settings.server.getHost());
    if (!_tokenFile.empty()) _settings.token = tokenIn(_tokenFile);
    refuseTokenInClear(_settings);
    if (!_caFile.empty()) _settings.trusted = textOf(_caFile);
    if (_settings.keptFile) refuseOverwriting(*_settings.keptFile);
    Exposure(_settings).run();
}

void ExposeApplication::printHelp() const {
    Poco::Util::HelpFormatter help(options());
    help.setCommand("iofog-connector-agent expose");
    help.setUsage("TARGET --server=URL [--token-file=FILE] [--name=NAME] [--ca=FILE] [--keep[=FILE]]");
    help.setHeader(
        "Makes a service of this machine reachable from anywhere: opens a public mapping of a Connector, "
        "prints its URL, serves its visitors, a line for each that comes and goes, and removes the "
        "mapping at the end. TARGET is a port of this machine, HOST:PORT, [ADDRESS]:PORT or unix:/path "
        "of a socket.");
    help.setFooter(
        "SIGINT (Ctrl-C), SIGTERM and SIGHUP end it; visitors that are there get 20 seconds, until the "
        "second one. Exit codes: 0 ended as asked, 64 wrong command line, 65 refused by the API, such as a "
        "name that is taken, 66 a file is not there, 69 no Connector answers, or the mapping is gone, 71 "
        "refused by the operating system, 73 the file can't be "
        "written, 75 not now, try again, 76 what answers is no Connector, or not to be trusted, 77 not "
        "permitted, 78 wrong CA certificates.");
    help.format(std::cout);
}

} // namespace connector
