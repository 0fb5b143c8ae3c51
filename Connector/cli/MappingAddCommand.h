#pragma once

#include "cli/Command.h"

namespace connector {

/// `mapping add public|private`: opens a mapping, with limits that are options.
class MappingAddCommand : public Command {
  public:
    void defineOptions(Poco::Util::OptionSet& options) const override;
    void run(const Arguments& arguments, std::ostream& out) override;
};

} // namespace connector
