#pragma once

#include <Poco/JSON/Object.h>

#include <ostream>

namespace connector {

/// Prints all that the API tells of one mapping, for people.
void printMapping(const Poco::JSON::Object& mapping, std::ostream& out);

} // namespace connector
