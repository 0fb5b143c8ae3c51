#pragma once

#include <Poco/Types.h>

#include <string>

namespace connector {

/// A mapping that was inserted, replaced or removed, by whomever. A value.
struct DatabaseChange {
    Poco::Int64 number; ///< higher than that of any change that was committed before
    std::string id;
};

} // namespace connector
