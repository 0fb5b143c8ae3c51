#pragma once

#include "cli/Command.h"
#include "cli/Commands.h"

namespace connector {

/// `help [COMMAND]`: how the program, or one command, is used.
class HelpCommand : public Command {
  public:
    void run(const Arguments& arguments, std::ostream& out) override;
};

/// A command's name and operands.
std::string usageOf(const CommandEntry& entry);

/// The help of one command: what it is for, its operands and its options.
void printHelp(const CommandEntry& entry, std::ostream& out);

} // namespace connector
