#pragma once

#include "cli/Command.h"

namespace connector {

/// `mapping show ID`: all that the API tells of one mapping.
class MappingShowCommand : public Command {
  public:
    void run(const Arguments& arguments, std::ostream& out) override;
};

} // namespace connector
