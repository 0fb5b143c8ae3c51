#pragma once

#include <CLI/App.hpp>

#include <string>
#include <vector>

namespace connector {

/// The help of the program, and of a command: CLI11's own doesn't wrap lines, and doesn't show commands of
/// two words.
class HelpFormatter : public CLI::FormatterBase {
  public:
    std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const override;
};

/// The words that call a command, or a group of them: "mapping add"; "" for the program.
std::string nameOf(const CLI::App& command);

/// A command's name and operands: "mapping add public|private".
std::string usageOf(const CLI::App& command);

/// What follows a command's name.
std::string operandsOf(const CLI::App& command);

/// The commands that begin with this one's name, in their order; of one that is no group, itself.
std::vector<const CLI::App*> commandsOf(const CLI::App& group);

} // namespace connector
