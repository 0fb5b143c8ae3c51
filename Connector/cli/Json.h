#pragma once

#include <Poco/JSON/Array.h>
#include <Poco/JSON/Object.h>

#include <ostream>
#include <string>
#include <vector>

namespace connector {

/// An empty JSON object that keeps its keys in the order in which they are set.
Poco::JSON::Object::Ptr newJson();

Poco::JSON::Array::Ptr jsonArrayOf(const std::vector<std::string>& texts);

/// Prints an object over several lines, for scripts and for people who read what scripts are given.
void printJson(const Poco::JSON::Object& object, std::ostream& out);

} // namespace connector
