#pragma once

#include "mapping/Database.h"

#include <chrono>
#include <string>

struct pg_conn;

namespace connector {

/// How long a server may send nothing while it is to answer, beside what it may wait for a lock. One that is
/// frozen still has a kernel that acknowledges.
inline constexpr std::chrono::seconds kAnswer{10};

/// Where statements go to without POCO, which waits for their answers for ever. A value.
struct PostgresLink {
    pg_conn* connection;                ///< not owned; it is not blocking (PQsetnonblocking)
    std::string name;                   ///< the database's, for messages
    std::chrono::milliseconds patience; ///< past it the connection is ended, and it is StorageUnreachable
};

// They throw StorageError of the right kind.

/// Returns the first value of the first row, "" when there is none.
std::string ask(const PostgresLink& link, const std::string& statements);

/// Ends the transaction, unless the connection's end has.
void rollBack(const PostgresLink& link) noexcept;

/// As Database::write().
std::size_t writeRows(const PostgresLink& link, const std::string& statement, const Database::Values& values);

} // namespace connector
