#pragma once

#include <Poco/JSON/Object.h>

#include <ostream>
#include <string>
#include <utility>
#include <vector>

namespace connector {

/// Lines of a name and a value, the values below each other.
void printLines(const std::vector<std::pair<std::string, std::string>>& lines, std::ostream& out);

/// Prints members of an object that way, with the name that goes with each key. Members that the object does
/// not have, or that are empty, are left out.
void printMembers(const Poco::JSON::Object& object,
                  const std::vector<std::pair<std::string, std::string>>& names, std::ostream& out);

} // namespace connector
