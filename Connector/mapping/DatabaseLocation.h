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

    /// What this machine keeps of it: other files have their names from that.
    const std::string& localFile() const { return isShared() ? cache : path; }

    /// Whether a text is meant as a URI, and no path: whatever begins with a scheme.
    static bool isUri(const std::string& text) { return text.find("://") != std::string::npos; }

    /// Whether libpq would take a URI for one of its own.
    static bool isOurs(const std::string& uri) {
        return uri.starts_with("postgresql://") || uri.starts_with("postgres://");
    }

    /// Whether a URI has the password in it, of the user or of the key.
    static bool holdsPassword(const std::string& uri);

    bool operator==(const DatabaseLocation&) const = default;
};

} // namespace connector
