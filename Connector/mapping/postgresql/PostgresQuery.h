#pragma once

#include "mapping/Database.h"

#include <string>

struct pg_conn;

namespace connector {

// Statements without POCO. name: the database's, for messages. They throw StorageError of the right kind.

/// Returns the first value of the first row, "" when there is none.
std::string ask(pg_conn* connection, const std::string& name, const std::string& statements);

/// As Database::write().
std::size_t writeRows(pg_conn* connection, const std::string& name, const std::string& statement,
                      const Database::Values& values);

} // namespace connector
