#pragma once

#include <exception>
#include <libpq-fe.h>
#include <string>

namespace connector {

/// What a server has said, with how bad it is: "ERROR:  23505: duplicate key value..." (PQERRORS_VERBOSE).
struct PostgresError {
    std::string state; ///< SQLSTATE, five characters; "": it has said none
    std::string message;
    std::string text; ///< all of it, in lines

    static PostgresError parse(const std::string& text);

    /// As one of the exceptions that callers know. name: the database's.
    std::exception_ptr asException(const std::string& name) const;
};

/// The lines of a message of libpq's as one.
std::string inOneLine(const std::string& message);

} // namespace connector
