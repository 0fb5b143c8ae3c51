#pragma once

#include "cli/Command.h"

namespace connector {

/// `mapping remove ID`: closes a mapping.
class MappingRemoveCommand : public Command {
  public:
    void run(const Arguments& arguments, std::ostream& out) override;
};

} // namespace connector
