#pragma once

#include "cli/Command.h"

namespace connector {

/// `check`: whether the service could start on its configuration, and what may come as a surprise then. It
/// neither starts nor changes anything.
class CheckCommand : public Command {
  public:
    void run(const Arguments& arguments, std::ostream& out) override;
};

} // namespace connector
