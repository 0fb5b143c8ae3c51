#pragma once

#include <CLI/App.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace connector {

// What commands and their options are made of, in CLI11. An option with a value leaves it alone when it is
// not given; an empty value is one. The values must live for as long as the command does.

/// The words that follow the group's name call it.
CLI::App& addCommand(CLI::App& group, const std::string& name, const std::string& summary,
                     std::function<void()> run);

/// What a command needs behind its name. shown: in the help.
void addOperand(CLI::App& command, std::string& value, const std::string& shown);

CLI::Option* addFlag(CLI::App& command, const std::string& name, bool& value, const std::string& description);

/// argument: what its value is called in the help.
CLI::Option* addText(CLI::App& command, const std::string& name, std::optional<std::string>& value,
                     const std::string& argument, const std::string& description);

CLI::Option* addInteger(CLI::App& command, const std::string& name, std::optional<std::int64_t>& value,
                        std::int64_t min, std::int64_t max, const std::string& argument,
                        const std::string& description);

/// In ms, from 0, as millisecondsOf() reads it.
CLI::Option* addMilliseconds(CLI::App& command, const std::string& name, std::optional<std::int64_t>& value,
                             std::int64_t max, const std::string& description);

} // namespace connector
