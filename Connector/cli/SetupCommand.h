#pragma once

#include "cli/Command.h"

namespace connector {

/// `setup`: makes a configuration for production, from options and, on a terminal, from answers; and tells
/// what the Fog Controller must be told.
class SetupCommand : public Command {
  public:
    void defineOptions(Poco::Util::OptionSet& options) const override;
    void run(const Arguments& arguments, std::ostream& out) override;
};

} // namespace connector
