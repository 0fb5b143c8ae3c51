#pragma once

#include "cli/Arguments.h"

#include <Poco/JSON/Object.h>

#include <chrono>
#include <ostream>
#include <vector>

namespace connector {

/// The option --unused, as arguments have it.
inline constexpr const char* kUnused = "unused";

/// Adds the option. what: what is done with unused mappings, for the help.
void addUnusedOption(Poco::Util::OptionSet& options, const std::string& what);

/// For how long neither an agent nor a visitor has been connected to the mapping; of one that never had
/// either, since it was opened. None at all for a degraded one. mapping: as GET /api/v2/mapping shows it, a
/// moment ago.
std::chrono::milliseconds unusedFor(const Poco::JSON::Object& mapping);

/// Those of the mappings that have been unused for so long.
std::vector<Poco::JSON::Object::Ptr> unusedOf(const std::vector<Poco::JSON::Object::Ptr>& mappings,
                                              std::chrono::seconds time);

/// Prints a table of unused mappings, with for how long they are.
void printUnused(const std::vector<Poco::JSON::Object::Ptr>& mappings, std::ostream& out);

} // namespace connector
