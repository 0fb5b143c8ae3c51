#pragma once

#include "cli/Command.h"

namespace connector {

/// `mapping list`: all mappings, one a line.
class MappingListCommand : public Command {
  public:
    void run(const Arguments& arguments, std::ostream& out) override;
};

} // namespace connector
