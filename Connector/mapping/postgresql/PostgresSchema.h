#pragma once

#include <string>

namespace connector {

struct PostgresLink;

/// The key of the advisory lock that one Connector has while it writes, or makes the tables: the first 8
/// bytes of SHA-256("iofog-connector") as a signed number.
inline constexpr const char* kAdvisoryLock = "-1539784233125715768";

/// What a change of a mapping is notified on: its number, a space, and the mapping's id.
inline constexpr const char* kChannel = "connector_mapping";

/// What there is to say of a database that must have tables, behind its name.
inline constexpr const char* kNoTables =
    ": the database has no tables: it is lost, or not restored yet; they are made only by `import`, and by a "
    "Connector whose cache has no mappings";

/// Whether there are the tables, in this version. Throws StorageError:
/// another version, or whatever the server says.
bool hasSchema(const PostgresLink& link);

/// Makes the tables when there are none: all at once or not at all, while no other Connector does. Throws as
/// hasSchema(), and when there are another program's.
void makeSchemaIfNeedBe(const PostgresLink& link);

} // namespace connector
