#pragma once

#include <Poco/JSON/Object.h>

#include <ostream>
#include <vector>

namespace connector {

// Mappings for people; they are given as the API shows them.

/// One a line. With labels, if any of them has one.
void printMappings(const std::vector<Poco::JSON::Object::Ptr>& mappings, std::ostream& out);

/// All that there is to one.
void printMapping(const Poco::JSON::Object& mapping, std::ostream& out);

/// Prints the answer to GET /api/v2/mapping/{id}/connections as a table.
void printConnections(const Poco::JSON::Object& connections, std::ostream& out);

} // namespace connector
