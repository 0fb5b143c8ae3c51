#pragma once

#include <Poco/JSON/Object.h>

#include <string>

namespace connector {

/// An empty JSON object that keeps its keys in the order in which they are set, as the API document fixes it.
Poco::JSON::Object::Ptr newAnswer();

/// Milliseconds since 1970-01-01 UTC: every `timestamp` of the API.
Poco::Int64 timestampNow();

/// The answer to every request that failed. message: valid UTF-8.
Poco::JSON::Object::Ptr failureAnswer(const std::string& message);

} // namespace connector
