#include "cli/HelpFormatter.h"

#include "app/ConnectorApplication.h"
#include "cli/Commands.h"
#include "cli/Terminal.h"

#include <Poco/String.h>

#include <algorithm>
#include <iomanip>
#include <sstream>

namespace connector {

namespace {

/// Of lines, where the terminal is not narrower.
constexpr std::size_t kMaxWidth = 100;

/// A name and what it means.
using Entry = std::pair<std::string, std::string>;

/// In lines that begin in this column.
std::string wrapped(const std::string& text, std::size_t indent) {
    const auto width = std::min(kMaxWidth, terminalWidth().value_or(kMaxWidth));
    std::string result;
    std::size_t column = indent;
    std::istringstream words(text);
    for (std::string word; words >> word; column += word.size()) {
        if (column > indent && column + 1 + word.size() > width) {
            result += '\n' + std::string(indent, ' ');
            column = indent;
        } else if (column > indent) {
            result += ' ';
            ++column;
        }
        result += word;
    }
    return result;
}

/// The meanings below each other.
std::string listOf(const std::vector<Entry>& entries) {
    std::size_t width = 0;
    for (const auto& [name, meaning] : entries)
        width = std::max(width, name.size());
    std::ostringstream out;
    for (const auto& [name, meaning] : entries)
        out << "  " << std::left << std::setw(static_cast<int>(width)) << name << "  "
            << wrapped(meaning, width + 4) << '\n';
    return out.str();
}

/// "-c, --config=FILE".
std::string nameOf(const std::string& shortName, const std::string& longName, const std::string& argument) {
    return (shortName.empty() ? "" : "-" + shortName + ", ") + "--" + longName +
           (argument.empty() ? "" : "=" + argument);
}

Entry entryOf(const CLI::Option& option) {
    const auto& shortNames = option.get_snames();
    return {nameOf(shortNames.empty() ? "" : shortNames.front(), option.get_lnames().front(),
                   option.get_type_name()),
            option.get_description()};
}

std::vector<Entry> serverOptions() {
    std::vector<Entry> entries;
    for (const auto& option : ConnectorApplication::allOptions())
        entries.emplace_back(
            nameOf(option.shortName(), option.fullName(), Poco::toUpper(option.argumentName())),
            option.description());
    return entries;
}

const CLI::App& rootOf(const CLI::App& command) {
    const auto* root = &command;
    while (root->get_parent())
        root = root->get_parent();
    return *root;
}

/// The command's own options, then those that all have.
std::string helpOfCommand(const CLI::App& command) {
    std::vector<Entry> entries;
    for (const auto* level : {&command, &rootOf(command)})
        for (const auto* option : level->get_options())
            if (!option->get_positional() && option != level->get_help_ptr() &&
                option != level->get_version_ptr())
                entries.push_back(entryOf(*option));
    entries.push_back(entryOf(*command.get_help_ptr()));
    return std::string("usage: ") + kProgram + " " + usageOf(command) + " [OPTION...]\n" +
           command.get_description() + "\n\n" + listOf(entries);
}

std::string helpOfProgram(const CLI::App& root) {
    std::vector<Entry> commands;
    for (const auto* command : commandsOf(root))
        commands.emplace_back(usageOf(*command), command->get_description());
    return std::string("usage: ") + kProgram + " [COMMAND] [OPTION...]\n" +
           wrapped(root.get_description(), 0) + "\n\n" + listOf(serverOptions()) +
           "\nCommands, each with --config=FILE, --json and --help:\n\n" + listOf(commands) + "\n" +
           root.get_footer() + "\n";
}

} // namespace

std::string HelpFormatter::make_help(const CLI::App* app, std::string, CLI::AppFormatMode) const {
    if (!app->get_parent()) return helpOfProgram(*app);
    std::string text;
    for (const auto* command : commandsOf(*app))
        text += (text.empty() ? "" : "\n") + helpOfCommand(*command);
    return text;
}

std::string nameOf(const CLI::App& command) {
    const auto* group = command.get_parent();
    if (!group) return "";
    return (group->get_parent() ? nameOf(*group) + " " : "") + command.get_name();
}

std::string operandsOf(const CLI::App& command) {
    std::string text;
    for (const auto* option : command.get_options())
        if (option->get_positional()) text += (text.empty() ? "" : " ") + option->get_option_text();
    return text;
}

std::string usageOf(const CLI::App& command) {
    const auto operands = operandsOf(command);
    return nameOf(command) + (operands.empty() ? "" : " ") + operands;
}

std::vector<const CLI::App*> commandsOf(const CLI::App& group) {
    const auto members = group.get_subcommands(nullptr);
    if (members.empty()) return {&group};
    std::vector<const CLI::App*> commands;
    for (const auto* member : members) {
        const auto found = commandsOf(*member);
        commands.insert(commands.end(), found.begin(), found.end());
    }
    return commands;
}

} // namespace connector
