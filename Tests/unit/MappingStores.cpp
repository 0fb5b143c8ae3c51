#include "MappingStores.h"

#include "Skipping.h"

#include <Poco/Data/SQLite/Connector.h>

namespace connector::test {

Mapping mappingWith(const std::string& id, std::uint16_t firstPort) {
    Mapping result;
    result.id = id;
    result.endpoint1.port = firstPort;
    result.endpoint2.port = static_cast<std::uint16_t>(firstPort + 1);
    return result;
}

void inTransaction(MappingStore& store, const std::function<void(MappingStore&)>& write) {
    MappingStore::Transaction transaction(store);
    write(store);
    transaction.commit();
}

std::optional<Mapping> find(MappingStore& store, const std::string& id) {
    const auto found = store.load({id}).mappings;
    return found.empty() ? std::nullopt : std::optional(found.front());
}

std::vector<std::string> idsOf(const std::vector<Mapping>& mappings) {
    std::vector<std::string> ids;
    for (const auto& mapping : mappings)
        ids.push_back(mapping.id);
    return ids;
}

void SqliteKind::execute(const std::string& statement) const {
    Poco::Data::SQLite::Connector::registerConnector();
    Poco::Data::Session other(Poco::Data::SQLite::Connector::KEY, _path);
    other << statement, Poco::Data::Keywords::now;
}

PostgresKind::PostgresKind() {
    if (isThere())
        database = server().newDatabase();
    else
        skipTest("no PostgreSQL is installed");
}

PostgresServer& PostgresKind::server() {
    static PostgresServer server;
    return server;
}

DatabaseLocation PostgresKind::location(const std::string& parameters) const {
    DatabaseLocation location;
    location.uri = server().uri(database, parameters);
    location.passwordFile = server().passwordFile();
    return location;
}

void PostgresKind::disconnectAll() const {
    server().ask("postgres",
                 "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = '" +
                     database + "'");
}

} // namespace connector::test
