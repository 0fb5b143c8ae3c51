#pragma once

#include "http/HttpError.h"

#include <exception>
#include <string>

namespace connector {

/// What becomes of an exception that ended a request. A value.
struct ErrorAnswer {
    /// What the client is told. Of an error of the server itself, whose reason is nobody's business outside,
    /// it is told an id under which the log says more.
    HttpError told;
    /// The reason, for the log: without values that the client has sent, which may be secrets, and with that
    /// id.
    std::string reason;

    bool isServersFault() const {
        return told.status() == Poco::Net::HTTPResponse::HTTP_INTERNAL_SERVER_ERROR;
    }
};

ErrorAnswer errorAnswer(const std::exception_ptr& exception);

} // namespace connector
