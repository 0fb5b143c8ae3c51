#pragma once

#include <Poco/JSON/Object.h>

#include <ostream>

namespace connector {

/// An empty JSON object that keeps its keys in the order in which they are set.
Poco::JSON::Object::Ptr newJson();

/// Prints an object over several lines, for scripts and for people who read what scripts are given.
void printJson(const Poco::JSON::Object& object, std::ostream& out);

} // namespace connector
