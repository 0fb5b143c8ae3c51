#include "cli/Options.h"

#include "cli/OptionValues.h"

#include <CLI/CLI.hpp>

namespace connector {

CLI::App& addCommand(CLI::App& group, const std::string& name, const std::string& summary,
                     std::function<void()> run) {
    auto* const command = group.add_subcommand(name, summary);
    command->callback(std::move(run));
    return *command;
}

void addOperand(CLI::App& command, std::string& value, const std::string& shown) {
    const auto before = command.get_options([](const auto* option) { return option->get_positional(); });
    const auto name = "operand" + (before.empty() ? "" : std::to_string(before.size() + 1));
    command.add_option(name, value)->option_text(shown)->required();
}

CLI::Option* addFlag(CLI::App& command, const std::string& name, bool& value,
                     const std::string& description) {
    return command.add_flag(name, value, description)->disable_flag_override();
}

CLI::Option* addText(CLI::App& command, const std::string& name, std::optional<std::string>& value,
                     const std::string& argument, const std::string& description) {
    const auto read = [&value](const std::string& text) { value = text; };
    return command.add_option_function<std::string>(name, read, description)->type_name(argument);
}

CLI::Option* addInteger(CLI::App& command, const std::string& name, std::optional<std::int64_t>& value,
                        std::int64_t min, std::int64_t max, const std::string& argument,
                        const std::string& description) {
    const auto read = [=, &value](const std::string& text) { value = integerOf(name, text, min, max); };
    return command.add_option_function<std::string>(name, read, description)->type_name(argument);
}

CLI::Option* addMilliseconds(CLI::App& command, const std::string& name, std::optional<std::int64_t>& value,
                             std::int64_t max, const std::string& description) {
    const auto read = [=, &value](const std::string& text) { value = millisecondsOf(name, text, max); };
    return command.add_option_function<std::string>(name, read, description)->type_name("TIME");
}

} // namespace connector
