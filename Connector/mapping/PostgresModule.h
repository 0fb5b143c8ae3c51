#pragma once

#include "mapping/Database.h"
#include "mapping/DatabaseLocation.h"

#include <memory>

namespace connector {

enum class DatabaseAccess {
    Make,  ///< Write, with tables that are made when the first connection finds none
    Write, ///< without tables it is StorageUnreachable
    Read
};

/// A PostgreSQL database, by the module that has libpq: a file of the program's own, which is loaded when it
/// is first asked for, as that library need not be installed. Throws StorageError, with the package to
/// install, when it can't be loaded.
std::unique_ptr<Database> newPostgresDatabase(const DatabaseLocation& location,
                                              std::chrono::milliseconds busy, DatabaseAccess access);

} // namespace connector
