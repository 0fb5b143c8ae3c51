#pragma once

#include "cli/Command.h"

namespace connector {

/// `mapping list`: all mappings, or those that are unused, one a line.
class MappingListCommand : public Command {
  public:
    void defineOptions(Poco::Util::OptionSet& options) const override;
    void run(const Arguments& arguments, std::ostream& out) override;
};

} // namespace connector
