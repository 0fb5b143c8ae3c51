#pragma once

#include "cli/Command.h"

namespace connector {

/// `mapping remove ID`: closes a mapping. `mapping remove --unused=TIME`: closes all that are unused, after a
/// question.
class MappingRemoveCommand : public Command {
  public:
    void defineOptions(Poco::Util::OptionSet& options) const override;
    void run(const Arguments& arguments, std::ostream& out) override;
};

} // namespace connector
