#pragma once

#include "cli/CommonOptions.h"

#include <ostream>
#include <string>

namespace connector {

/// `import FILE`: puts the mappings of the earlier Connector into the database, all or none of them. While
/// the service is stopped. Throws CommandError, ConfigurationError, FileReadError and StorageError.
void importMappings(const CommonOptions& common, const std::string& file, std::ostream& out);

} // namespace connector
