#pragma once

#include "base/Timestamp.h"

#include <Poco/JSON/Object.h>

#include <string>

namespace connector {

/// An empty JSON object that keeps its keys in the order in which they are set, as the API document fixes it.
Poco::JSON::Object::Ptr newAnswer();

/// The answer to every request that failed. message: valid UTF-8.
Poco::JSON::Object::Ptr failureAnswer(const std::string& message);

} // namespace connector
