#pragma once

#include "PostgresServer.h"
#include "mapping/MappingStore.h"

#include <Poco/Data/Session.h>
#include <Poco/TemporaryFile.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace connector::test {

/// One whose ports are firstPort and the next one.
Mapping mappingWith(const std::string& id, std::uint16_t firstPort);

/// Writes it in a transaction of its own.
void inTransaction(MappingStore& store, const std::function<void(MappingStore&)>& write);

/// Nothing when it is not there, or damaged.
std::optional<Mapping> find(MappingStore& store, const std::string& id);

std::vector<std::string> idsOf(const std::vector<Mapping>& mappings);

/// A database in a file, for cases that are the same with each kind of database.
class SqliteKind {
  public:
    bool isThere() const { return true; }
    MappingStore open(std::chrono::milliseconds busy = kDatabaseBusy) const {
        return MappingStore(_path, busy);
    }

    /// By another program, while no store has it open.
    void execute(const std::string& statement) const;

  private:
    Poco::TemporaryFile _folder;
    std::string _path = _folder.path() + "/mappings.db";
};

/// One of a PostgreSQL server's, which starts with the first one and ends with the tests.
class PostgresKind {
  public:
    PostgresKind();

    /// False, and the case is skipped, when there is no server to be had.
    bool isThere() const { return PostgresServer::isInstalled(); }

    static PostgresServer& server();

    MappingStore open(std::chrono::milliseconds busy = kDatabaseBusy) const {
        return MappingStore::openShared(location(), busy, MappingStore::Tables::Make);
    }

    /// parameters: of the URI.
    DatabaseLocation location(const std::string& parameters = "") const;

    void execute(const std::string& statement) const { server().ask(database, statement); }

    /// Ends the connections of stores to the database.
    void disconnectAll() const;

    std::string database; ///< its name
};

} // namespace connector::test
