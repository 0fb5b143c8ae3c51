#pragma once

#include "cli/Command.h"

#include <Poco/Util/OptionSet.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace connector {

/// A command as the table has it.
struct CommandEntry {
    /// One word or two.
    std::string name;
    /// What follows the name, as the help shows it.
    std::string operands;
    std::size_t minOperands;
    std::size_t maxOperands;
    std::string summary;
    std::function<std::unique_ptr<Command>()> make;

    /// All options of the command: its own, and those that every command has.
    Poco::Util::OptionSet options() const;
};

/// All commands, in the order in which the help shows them.
const std::vector<CommandEntry>& allCommands();

} // namespace connector
