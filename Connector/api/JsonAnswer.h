#pragma once

#include "base/Json.h"
#include "base/Timestamp.h"

#include <Poco/JSON/Object.h>

#include <string>

namespace connector {

/// The answer to every request that failed. message: valid UTF-8.
Poco::JSON::Object::Ptr failureAnswer(const std::string& message);

} // namespace connector
