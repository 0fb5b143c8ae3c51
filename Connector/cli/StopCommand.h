#pragma once

#include "cli/Command.h"

namespace connector {

/// `stop`: stops what `start` has started, and returns when it has ended. It is no error that nothing runs.
class StopCommand : public Command {
  public:
    void run(const Arguments& arguments, std::ostream& out) override;
};

} // namespace connector
