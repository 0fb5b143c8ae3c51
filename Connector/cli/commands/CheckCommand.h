#pragma once

#include "cli/CommonOptions.h"

#include <ostream>

namespace connector {

/// `check`: whether the service could start on its configuration, and what may come as a surprise then. It
/// neither starts nor changes anything. Throws ConfigurationError and StorageError.
void checkConfiguration(const CommonOptions& common, std::ostream& out);

} // namespace connector
