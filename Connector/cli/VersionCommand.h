#pragma once

#include "cli/Command.h"

namespace connector {

/// `version`: the version of this program, which need not be that of a server that runs.
class VersionCommand : public Command {
  public:
    void run(const Arguments& arguments, std::ostream& out) override;
};

} // namespace connector
