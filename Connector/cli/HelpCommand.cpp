#include "cli/HelpCommand.h"

#include "app/ConnectorApplication.h"
#include "cli/CommandError.h"
#include "cli/Json.h"

#include <Poco/JSON/Array.h>
#include <Poco/String.h>
#include <Poco/Util/Application.h>
#include <Poco/Util/HelpFormatter.h>

#include <algorithm>
#include <iomanip>

namespace connector {

namespace {

constexpr const char* kProgram = "iofog-connector";

void printCommands(std::ostream& out) {
    std::size_t width = 0;
    for (const auto& command : allCommands())
        width = std::max(width, usageOf(command).size());
    for (const auto& command : allCommands())
        out << "  " << std::left << std::setw(static_cast<int>(width)) << usageOf(command) << "  "
            << command.summary << '\n';
}

void printOverview(std::ostream& out) {
    Poco::Util::OptionSet options;
    ConnectorApplication::addOptions(options);
    Poco::Util::HelpFormatter help(options);
    help.setCommand(kProgram);
    help.setUsage("[COMMAND] [OPTION...]");
    help.setHeader("The public meeting point for ioFog nodes behind firewalls and NAT. Without a command it "
                   "serves in the foreground, with these options:");
    help.format(out);
    out << "\nCommands, each with --config=FILE, --json and --help:\n\n";
    printCommands(out);
    out << "\nSIGHUP reads certificate and key again; SIGTERM and SIGINT stop the server.\n\n"
           "Exit codes: 0 done, or stopped as asked; 1 not healthy; 64 wrong command line; 65 wrong data;\n"
           "66 a file is not there; 69 something it needs is not to be had; 73 a file can't be written;\n"
           "74 the database can't be used; 75 not now, try again; 76 what answers is no Connector;\n"
           "77 not permitted; 78 wrong configuration.\n";
}

Poco::JSON::Object::Ptr jsonOfCommands() {
    Poco::JSON::Array::Ptr commands = new Poco::JSON::Array;
    for (const auto& command : allCommands()) {
        auto object = newJson();
        object->set("name", command.name);
        object->set("operands", command.operands);
        object->set("summary", command.summary);
        commands->add(object);
    }
    auto result = newJson();
    result->set("commands", commands);
    return result;
}

} // namespace

void HelpCommand::run(const Arguments& arguments, std::ostream& out) {
    if (arguments.asJson()) return printJson(*jsonOfCommands(), out);
    const auto& words = arguments.operands();
    if (words.empty()) return printOverview(out);
    const auto name = Poco::cat(std::string(" "), words.begin(), words.end());
    bool isFound = false;
    for (const auto& command : allCommands()) {
        if (command.name != name && !command.name.starts_with(name + " ")) continue;
        if (isFound) out << '\n';
        printHelp(command, out);
        isFound = true;
    }
    if (!isFound)
        throw CommandError(Poco::Util::Application::EXIT_USAGE,
                           "there is no command \"" + name + "\"; " + kProgram + " help lists them");
}

std::string usageOf(const CommandEntry& entry) {
    return entry.operands.empty() ? entry.name : entry.name + " " + entry.operands;
}

void printHelp(const CommandEntry& entry, std::ostream& out) {
    const auto options = entry.options();
    Poco::Util::HelpFormatter help(options);
    help.setCommand(kProgram);
    help.setUsage(usageOf(entry) + " [OPTION...]");
    help.setHeader(entry.summary);
    help.format(out);
}

} // namespace connector
