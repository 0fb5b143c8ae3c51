#pragma once

#include "cli/Command.h"

namespace connector {

/// `start`: starts the service, with systemd where that runs it, else in the background; returns when it
/// serves. It is no error that it runs already.
class StartCommand : public Command {
  public:
    void run(const Arguments& arguments, std::ostream& out) override;
};

} // namespace connector
