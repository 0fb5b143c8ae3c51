#pragma once

#include "api/HttpError.h"

#include <Poco/Logger.h>

#include <exception>
#include <string>

namespace connector {

/// What the client is told of an exception that ended its request.
///
/// An error of the server itself, whose reason is nobody's business outside, is logged with a new id, and the
/// client is told the id. request: the request, for that log line.
HttpError errorAnswer(const std::exception_ptr& exception, const std::string& request, Poco::Logger& log);

} // namespace connector
