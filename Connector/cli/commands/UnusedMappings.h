#pragma once

#include "cli/ConnectorApi.h"

#include <Poco/JSON/Object.h>

#include <chrono>
#include <ostream>
#include <vector>

namespace connector {

// Mappings to which neither an agent nor a visitor is connected, nor was for some time; a degraded one is not
// meant, as nobody can connect to it.

/// Those of the mappings, as GET /api/v2/mapping shows them, that have been unused for so long.
std::vector<Poco::JSON::Object::Ptr> unusedOf(const std::vector<Poco::JSON::Object::Ptr>& mappings,
                                              std::chrono::seconds time);

/// Prints a table of unused mappings, with how long each has been unused.
void printUnused(const std::vector<Poco::JSON::Object::Ptr>& mappings, std::ostream& out);

/// Closes all that have been unused for so long, and prints what became of them. yes: doesn't ask on the
/// terminal before. Throws CommandError.
void removeUnused(ConnectorApi& api, std::chrono::seconds time, bool yes, bool asJson, std::ostream& out);

} // namespace connector
