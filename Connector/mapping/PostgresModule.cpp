#include "mapping/PostgresModule.h"

#include <Poco/Exception.h>
#include <Poco/SharedLibrary.h>

#include <filesystem>

namespace connector {

namespace {

using NewDatabase = Database*(const DatabaseLocation& location, std::chrono::milliseconds busy,
                              DatabaseAccess access);

/// Stays loaded, with the exceptions that come from it.
Poco::SharedLibrary& library() {
    static Poco::SharedLibrary library(
        (std::filesystem::read_symlink("/proc/self/exe").parent_path() / CONNECTOR_MODULES / "postgresql.so")
            .lexically_normal()
            .string());
    return library;
}

} // namespace

std::unique_ptr<Database> newPostgresDatabase(const DatabaseLocation& location,
                                              std::chrono::milliseconds busy, DatabaseAccess access) {
    try {
        auto* function = library().getSymbol("newPostgresDatabase");
        return std::unique_ptr<Database>(reinterpret_cast<NewDatabase*>(function)(location, busy, access));
    } catch (const Poco::LibraryLoadException& error) {
        throw StorageError(location.name() +
                           ": PostgreSQL needs a library that is not installed; on Debian it is in "
                           "libpocodatapostgresql80, on Fedora in poco-postgresql: " +
                           error.message());
    }
}

} // namespace connector
