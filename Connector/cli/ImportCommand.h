#pragma once

#include "cli/Command.h"

namespace connector {

/// `import FILE`: puts the mappings of the earlier Connector into the database, all or none of them. While
/// the service is stopped.
class ImportCommand : public Command {
  public:
    void run(const Arguments& arguments, std::ostream& out) override;
};

} // namespace connector
