#pragma once

#include <string>
#include <vector>

namespace connector {

/// How visitors connect to a public mapping. A value.
struct VisitorSettings {
    /// What the agents' target speaks, by the names of ALPN (RFC 7301), the preferred one first. Without any,
    /// nothing is selected, whatever a visitor offers. Only with `tls`.
    std::vector<std::string> alpn;
    /// False: visitors speak plain TCP although agents speak TLS.
    bool tls = true;

    bool operator==(const VisitorSettings&) const = default;
};

} // namespace connector
