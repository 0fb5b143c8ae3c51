#include "cli/Commands.h"

#include "base/Json.h"
#include "cli/CommandError.h"
#include "cli/HelpFormatter.h"
#include "cli/MappingGroup.h"
#include "cli/Options.h"
#include "cli/Output.h"
#include "cli/commands/CheckCommand.h"
#include "cli/commands/EventsCommand.h"
#include "cli/commands/ServiceCommands.h"
#include "cli/commands/StatusCommand.h"
#include "cli/import/ImportCommand.h"
#include "cli/setup/SetupCommand.h"
#include "cli/top/Columns.h"
#include "cli/top/TopCommand.h"

#include <CLI/CLI.hpp>
#include <Poco/JSON/Array.h>
#include <Poco/String.h>
#include <Poco/Util/Application.h>

#include <algorithm>

namespace connector {

namespace {

using Poco::Util::Application;
using Words = std::vector<std::string>;

/// CLI11 would take the next word for the value of "--option=".
Words withEmptyValues(const Words& words) {
    Words result;
    for (const auto& word : words) {
        const bool hasEmptyValue = word.starts_with("--") && word.find('=') == word.size() - 1;
        result.push_back(hasEmptyValue ? word.substr(0, word.size() - 1) : word);
        if (hasEmptyValue) result.emplace_back();
    }
    return result;
}

bool isGroup(const CLI::App& command) {
    return !command.get_subcommands(nullptr).empty();
}

/// name: "" when the name of the group is all that was given.
std::string noCommand(const CLI::App& group, const std::string& name) {
    auto whole = nameOf(group);
    if (!name.empty()) whole += (whole.empty() ? "" : " ") + name;
    std::string choice;
    for (const auto* command : commandsOf(group))
        choice += (choice.empty() ? "" : ", ") + nameOf(*command);
    return "there is no command \"" + whole + "\"; there are: " + choice;
}

/// CLI11 counts values where a word helps more.
std::string inWords(const CLI::ParseError& error) {
    const std::string text = error.what();
    if (!dynamic_cast<const CLI::ArgumentMismatch*>(&error)) return text;
    const auto option = text.substr(0, text.find_first_of(": "));
    if (text.ends_with(" missing")) return option + " needs a value";
    if (text.find(" At Most ") != std::string::npos) return option + " can be given only once";
    return "--" + option + " takes no value";
}

/// All commands and their options, as CLI11 knows them. Made for one call.
class CommandTree {
  public:
    explicit CommandTree(std::ostream& out) : _out(out) {
        addCommonOptions();
        addServiceCommands();
        _mapping.emplace(_app, _common, _out);
        addOperand(addCommand(_app, "import",
                              "take over the mappings of the earlier Connector, from its configs.json",
                              [this] { importMappings(_common, _importedFile, _out); }),
                   _importedFile, "FILE");
        addCommand(_app, "version", "show the version", [this] { printVersion(); });
        addCommand(_app, "help", "show this help, or a command's", [this] { printHelp(topic()); })
            .add_option("operand", _topic)
            ->option_text("[COMMAND]");
    }

    /// Throws CommandError for words that are no command, and what the command throws.
    void run(const Words& words) {
        auto reversed = withEmptyValues(words);
        std::reverse(reversed.begin(), reversed.end()); // as CLI11 wants them
        try {
            _app.parse(reversed);
        } catch (const CLI::CallForHelp&) {
            printHelp(meantCommand());
        } catch (const CLI::CallForVersion&) {
            printVersion();
        } catch (const CLI::ParseError& error) {
            throw CommandError(Application::EXIT_USAGE, explain(error));
        }
    }

  private:
    void addCommonOptions();
    void addServiceCommands();
    void addSetup();
    void addTop();

    void printVersion() const;
    void printHelp(const CLI::App& command) const;
    Poco::JSON::Object::Ptr jsonOfCommands() const;
    /// What is named behind the command help.
    const CLI::App& topic() const;
    /// The last command or group that the words name.
    const CLI::App& meantCommand() const;
    std::string explain(const CLI::ParseError& error) const;
    std::string explainOperands(const CLI::App& command) const;

    std::ostream& _out;
    CLI::App _app{"The public meeting point for ioFog nodes behind firewalls and NAT. Without a command it "
                  "serves in the foreground, with these options:",
                  kProgram};
    CommonOptions _common;
    SetupOptions _setup;
    TopOptions _top;
    std::optional<MappingGroup> _mapping;
    std::string _importedFile;
    Words _topic;
};

void CommandTree::addCommonOptions() {
    _app.formatter(std::make_shared<HelpFormatter>());
    _app.footer(
        "SIGHUP reads the configuration again; SIGTERM and SIGINT stop the server.\n\n"
        "Exit codes: 0 done, or stopped as asked; 1 not healthy; 64 wrong command line; 65 wrong data;\n"
        "66 a file is not there; 67 no such user; 69 something it needs is not to be had;\n"
        "71 the operating system refuses something; 73 a file can't be written;\n"
        "74 the database can't be used; 75 not now, try again; 76 what answers is no Connector;\n"
        "77 not permitted; 78 wrong configuration.");
    _app.set_help_flag("-h,-?,--help", "show this help and exit");
    _app.add_option("-c,--config", _common.wantedConfiguration,
                    std::string("the configuration of the Connector that is meant; ") +
                        kDefaultConfiguration + " unless it is given")
        ->type_name("FILE");
    addFlag(_app, "--json", _common.asJson, "print the result as JSON");
    _app.set_version_flag("-v,--version", CONNECTOR_VERSION);
    _app.require_subcommand(0, 1);
    _app.fallthrough(); // common options may stand anywhere
}

void CommandTree::addServiceCommands() {
    addSetup();
    addCommand(_app, "check", "check configuration, certificate and database; changes nothing",
               [this] { checkConfiguration(_common, _out); });
    addCommand(_app, "start", "start the service and wait until it is ready",
               [this] { startService(_common, _out); });
    addCommand(_app, "stop", "stop the service and wait until it has ended",
               [this] { stopService(_common, _out); });
    addCommand(_app, "reload", "have the running service read its configuration again",
               [this] { reloadService(_common, _out); });
    addCommand(_app, "upgrade", "replace the running service by the installed program, without a break",
               [this] { upgradeService(_common, _out); });
    addCommand(_app, "status", "show what the running service does, and what is degraded",
               [this] { showStatus(_common, _out); });
    addCommand(_app, "events", "show what happens to mappings, as it happens",
               [this] { showEvents(_common, _out); });
    addTop();
    addCommand(_app, "health", "say whether the service is healthy: exit code 0, or 1",
               [this] { showHealth(_common, _out); });
}

void CommandTree::addSetup() {
    auto& setup =
        addCommand(_app, "setup", "make a configuration for production, with certificate and identities",
                   [this] { runSetup(_common, _setup, _out); });
    setup
        .add_option("--address", _setup.addresses,
                    "public name or address of this server; needed; given several times, the first is the "
                    "configuration's, and the certificate that is made is for all")
        ->type_name("HOST")
        ->allow_extra_args(false);
    addText(setup, "--ports", _setup.ports, "LIST", "ports for mappings, such as 6000-6050,7001; 6000-6050");
    addText(setup, "--exclude", _setup.exclude, "LIST", "ports of these that are not to be used");
    addText(setup, "--api-bind", _setup.apiBind, "ADDRESS",
            "address that the API listens on; ::, which is all");
    addInteger(setup, "--api-port", _setup.apiPort, 1, 65535, "N", "port of the API; 443");
    addText(setup, "--identity", _setup.identity, "NAME",
            "what log lines call the Fog Controller; controller");
    addText(setup, "--controller", _setup.controller, "NETWORK",
            "the network that the Fog Controller calls from, such as 192.0.2.10/32, for one that sends no "
            "token");
    addText(setup, "--certificate", _setup.certificateFile, "FILE",
            "import this certificate, PEM, instead of making one");
    addText(setup, "--key", _setup.keyFile, "FILE", "the certificate's key, PEM");
    addText(setup, "--database", _setup.databaseFile, "FILE",
            "where the mappings are kept; /var/lib/iofog-connector/mappings.db");
    addText(setup, "--user", _setup.user, "NAME",
            "whose the files shall be; iofog-connector, when there is such a user");
    addFlag(setup, "--force", _setup.force, "replace files that are there; they stay as FILE.old");
}

void CommandTree::addTop() {
    auto& top = addCommand(_app, "top", "show all mappings and what goes through them, live, on a terminal",
                           [this] { showTop(_common, _top, _out); });
    addText(top, "--sort", _top.sort, "COLUMN",
            std::string("the column to sort by; ") + kUsualTopSort + " unless it is given; there are " +
                columnNames());
    addFlag(top, "--reverse", _top.isReversed, "sort the other way around");
    addText(top, "--filter", _top.filter, "TEXT",
            "only mappings that have this in id, label, name, type, state or a port");
    addInteger(top, "--interval", _top.interval, 1, kMaxTopInterval, "SECONDS",
               "how long from one look to the next; " + std::to_string(kUsualTopInterval));
    addFlag(top, "--once", _top.once,
            "look twice, an interval apart, print what is then, and end; with --json as JSON");
}

void CommandTree::printVersion() const {
    if (!_common.asJson) {
        _out << kProgram << ' ' << CONNECTOR_VERSION << '\n';
        return;
    }
    auto answer = newJson();
    answer->set("name", kProgram);
    answer->set("version", CONNECTOR_VERSION);
    printJson(*answer, _out);
}

void CommandTree::printHelp(const CLI::App& command) const {
    if (_common.asJson && &command == &_app) return printJson(*jsonOfCommands(), _out);
    _out << _app.get_formatter()->make_help(&command, "", CLI::AppFormatMode::Normal);
}

const CLI::App& CommandTree::topic() const {
    const auto* command = &_app;
    for (const auto& word : _topic) {
        const auto members =
            command->get_subcommands([&](const auto* one) { return one->get_name() == word; });
        if (members.empty()) throw CommandError(Application::EXIT_USAGE, noCommand(*command, word));
        command = members.front();
    }
    return *command;
}

Poco::JSON::Object::Ptr CommandTree::jsonOfCommands() const {
    Poco::JSON::Array::Ptr commands = new Poco::JSON::Array;
    for (const auto* command : commandsOf(_app)) {
        auto object = newJson();
        object->set("name", nameOf(*command));
        object->set("operands", operandsOf(*command));
        object->set("summary", command->get_description());
        commands->add(object);
    }
    auto result = newJson();
    result->set("commands", commands);
    return result;
}

const CLI::App& CommandTree::meantCommand() const {
    const auto* command = &_app;
    while (!command->get_subcommands().empty())
        command = command->get_subcommands().front();
    return *command;
}

std::string CommandTree::explain(const CLI::ParseError& error) const {
    const auto& command = meantCommand();
    const bool isAboutOperands =
        dynamic_cast<const CLI::RequiredError*>(&error) || dynamic_cast<const CLI::ExtrasError*>(&error);
    if (isAboutOperands) return explainOperands(command);
    return inWords(error) + "; see " + kProgram + " " + nameOf(command) + " --help";
}

std::string CommandTree::explainOperands(const CLI::App& command) const {
    const auto extras = _app.remaining(true);
    const auto isOption = [](const auto& word) { return word.starts_with("-"); };
    const auto word = std::find_if_not(extras.begin(), extras.end(), isOption);
    const auto option = std::find_if(extras.begin(), extras.end(), isOption);
    if (isGroup(command)) return noCommand(command, word == extras.end() ? "" : *word);
    if (option != extras.end())
        return "there is no option " + *option + "; see " + kProgram + " " + nameOf(command) + " --help";
    return (extras.empty() ? "something is missing behind the command" : "\"" + *word + "\" is too much") +
           "; it is: " + kProgram + " " + usageOf(command);
}

} // namespace

void runCommandOf(const std::vector<std::string>& words, std::ostream& out) {
    CommandTree(out).run(words);
}

} // namespace connector
