#pragma once

#include <string>

namespace connector {

/// Who has called the API. A value.
struct Caller {
    /// Of the configuration, or "anonymous"; "-": nobody.
    std::string identity;
    /// Without port.
    std::string address;

    /// For log lines.
    std::string inWords() const { return identity + " at " + address; }
};

} // namespace connector
