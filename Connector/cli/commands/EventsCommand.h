#pragma once

#include "cli/CommonOptions.h"

#include <ostream>

namespace connector {

/// The command `events`: prints what happens to mappings, a line each, until the service stops. With --json
/// each line is an object. Throws CommandError, and ConfigurationError.
void showEvents(const CommonOptions& common, std::ostream& out);

} // namespace connector
