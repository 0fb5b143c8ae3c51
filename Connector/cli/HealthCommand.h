#pragma once

#include "cli/Command.h"

namespace connector {

/// `health`: whether the Connector that runs on the configuration is healthy, for those who restart it when
/// it is not, such as container engines: exit code 0, or 1 when it is not or does not answer.
class HealthCommand : public Command {
  public:
    void run(const Arguments& arguments, std::ostream& out) override;
};

} // namespace connector
