#include "mapping/PostgresModule.h"

namespace connector {

std::unique_ptr<Database> newPostgresDatabase(const DatabaseLocation& location,
                                              std::chrono::milliseconds /*busy*/) {
    throw StorageError(location.name() + ": PostgreSQL is not there yet");
}

} // namespace connector
