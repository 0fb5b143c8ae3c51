#pragma once

#include <string>

struct pg_conn;

namespace connector {

/// The key of the advisory lock that one Connector has while it writes, or makes the tables: the first 8
/// bytes of SHA-256("iofog-connector") as a signed number.
inline constexpr const char* kAdvisoryLock = "-1539784233125715768";

/// What a change of a mapping is notified on: its number, a space, and the mapping's id.
inline constexpr const char* kChannel = "connector_mapping";

/// Has the tables there, in this version. They are made all at once or not at all, while no other Connector
/// does. name: the database's, for messages. Throws StorageError: another version, another program's tables,
/// or whatever the server says.
void prepareSchema(pg_conn* connection, const std::string& name);

/// Whether there are the tables. Throws as prepareSchema().
bool hasSchema(pg_conn* connection, const std::string& name);

} // namespace connector
