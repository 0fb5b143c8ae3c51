#pragma once

#include <string>

namespace connector {

/// Which database has the mappings: a file of this machine's, or a server's. A value.
struct DatabaseLocation {
    std::string path; ///< SQLite's file; "" when it is shared
    /// postgresql://..., as libpq takes it, without a password.
    std::string uri;
    /// The file whose first line is the password, read for each connection; "": there is none, or libpq finds
    /// it itself (PGPASSFILE).
    std::string passwordFile;
    /// Of a shared one: SQLite's file for the mappings that were known last.
    std::string cache;

    /// Whether other Connectors may have it open at the same time.
    bool isShared() const { return !uri.empty(); }

    /// For people: the path, or the URI up to its parameters.
    std::string name() const { return isShared() ? uri.substr(0, uri.find('?')) : path; }

    bool operator==(const DatabaseLocation&) const = default;
};

} // namespace connector
