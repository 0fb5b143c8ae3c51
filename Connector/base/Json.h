#pragma once

#include <Poco/JSON/Array.h>
#include <Poco/JSON/Object.h>

#include <string>
#include <vector>

namespace connector {

/// An empty JSON object that keeps its keys in the order in which they are set.
Poco::JSON::Object::Ptr newJson();

/// A JSON array of these texts, in their order.
Poco::JSON::Array::Ptr jsonArrayOf(const std::vector<std::string>& texts);

} // namespace connector
