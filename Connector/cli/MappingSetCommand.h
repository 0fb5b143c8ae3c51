#pragma once

#include "cli/Command.h"

namespace connector {

/// `mapping set ID`: changes what may be changed of a mapping that is open.
class MappingSetCommand : public Command {
  public:
    void defineOptions(Poco::Util::OptionSet& options) const override;
    void run(const Arguments& arguments, std::ostream& out) override;
};

} // namespace connector
