#pragma once

#include "cli/Command.h"

namespace connector {

/// `status`: what the running Connector does, and what it lacks. Takes a second, to measure rates.
class StatusCommand : public Command {
  public:
    void run(const Arguments& arguments, std::ostream& out) override;
};

} // namespace connector
