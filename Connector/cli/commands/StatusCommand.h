#pragma once

#include "cli/CommonOptions.h"

#include <ostream>

namespace connector {

/// `status`: what the running Connector does, and what it lacks. Takes a second, to measure rates. Throws
/// CommandError and ConfigurationError.
void showStatus(const CommonOptions& common, std::ostream& out);

} // namespace connector
