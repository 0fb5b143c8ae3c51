#pragma once

#include <Poco/Timestamp.h>
#include <Poco/Types.h>

namespace connector {

/// Milliseconds since 1970-01-01 UTC by the system's clock, as the API and the database write times.
inline Poco::Int64 timestampNow() {
    return Poco::Timestamp().epochMicroseconds() / 1000;
}

} // namespace connector
