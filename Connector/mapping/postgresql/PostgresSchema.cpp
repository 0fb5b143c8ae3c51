#include "mapping/postgresql/PostgresSchema.h"

#include "mapping/StorageError.h"
#include "mapping/postgresql/PostgresQuery.h"

#include <Poco/NumberParser.h>

namespace connector {

namespace {

constexpr int kSchemaVersion = 1;

/// As SQLite has them (SqliteDatabase.cpp), and what keeps ports apart and tells of changes. Ids are ordered
/// by their bytes.
constexpr const char* kSchema = R"(
CREATE TABLE connector_schema (version INTEGER NOT NULL);
CREATE TABLE mapping (
    id TEXT COLLATE "C" PRIMARY KEY, type TEXT NOT NULL CHECK (type IN ('public', 'private')),
    label TEXT NOT NULL, name TEXT COLLATE "C",
    port1 INTEGER, passcode1 TEXT NOT NULL,
    formerpasscode1 TEXT NOT NULL, formerpasscodeuntil1 BIGINT NOT NULL,
    maxconnections1 INTEGER NOT NULL, heartbeatabsencethreshold1 BIGINT NOT NULL,
    port2 INTEGER, passcode2 TEXT NOT NULL,
    formerpasscode2 TEXT NOT NULL, formerpasscodeuntil2 BIGINT NOT NULL,
    maxconnections2 INTEGER NOT NULL, heartbeatabsencethreshold2 BIGINT NOT NULL,
    alpn TEXT NOT NULL, visitortls INTEGER NOT NULL,
    visitorsperaddress INTEGER, visitorrate INTEGER, allow TEXT, deny TEXT,
    relayidle BIGINT, bandwidth BIGINT, logrelays INTEGER,
    created BIGINT NOT NULL, lastagent BIGINT NOT NULL, lastvisitor BIGINT NOT NULL,
    checksum TEXT NOT NULL);
CREATE UNIQUE INDEX mapping_name ON mapping (name) WHERE name IS NOT NULL;
CREATE TABLE released_port (turn BIGINT PRIMARY KEY, port INTEGER NOT NULL UNIQUE);
CREATE TABLE mapping_port (port INTEGER PRIMARY KEY, mapping TEXT NOT NULL);
CREATE SEQUENCE change_number;
CREATE FUNCTION connector_mapping_changed() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        DELETE FROM mapping_port WHERE port IN (OLD.port1, OLD.port2) AND mapping = OLD.id;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO mapping_port (port, mapping)
            SELECT port, NEW.id FROM (VALUES (NEW.port1), (NEW.port2)) AS own (port) WHERE port IS NOT NULL;
    END IF;
    PERFORM pg_notify('connector_mapping', nextval('change_number') || ' ' || coalesce(NEW.id, OLD.id));
    RETURN NULL;
END $body$;
CREATE TRIGGER connector_mapping_changed AFTER INSERT OR DELETE OR UPDATE OF
    id, type, label, name, port1, passcode1, formerpasscode1, formerpasscodeuntil1, maxconnections1,
    heartbeatabsencethreshold1, port2, passcode2, formerpasscode2, formerpasscodeuntil2, maxconnections2,
    heartbeatabsencethreshold2, alpn, visitortls, visitorsperaddress, visitorrate, allow, deny, relayidle,
    bandwidth, logrelays, created, checksum
    ON mapping FOR EACH ROW EXECUTE FUNCTION connector_mapping_changed();
)";

/// Not to_regclass(), which may not know yet what another session has made while its lock was waited for.
bool isThere(const PostgresLink& link, const std::string& relations) {
    return ask(link, "SELECT count(*) > 0 FROM pg_class WHERE pg_table_is_visible(oid) AND relname IN (" +
                         relations + ")") == "t";
}

void checkVersion(const std::string& version, const std::string& name) {
    if (version.empty()) throw StorageUnreachable(name + kNoTables); // a restore is under way
    int number = 0;
    if (!Poco::NumberParser::tryParse(version, number) || number != kSchemaVersion)
        throw StorageError(name + ": the database has version " + version +
                           ", which a newer iofog-connector has written; this one reads up to version " +
                           std::to_string(kSchemaVersion));
}

void refuseForeignTables(const PostgresLink& link) {
    if (isThere(link, "'mapping', 'released_port', 'mapping_port', 'change_number'"))
        throw StorageError(link.name + ": this is another program's database");
}

/// With the lock.
void makeTables(const PostgresLink& link) {
    refuseForeignTables(link);
    ask(link, kSchema + ("INSERT INTO connector_schema VALUES (" + std::to_string(kSchemaVersion) + ")"));
}

} // namespace

bool hasSchema(const PostgresLink& link) {
    if (!isThere(link, "'connector_schema'")) return false;
    checkVersion(ask(link, "SELECT max(version) FROM connector_schema"), link.name);
    return true;
}

void makeSchemaIfNeedBe(const PostgresLink& link) {
    if (hasSchema(link)) return;
    ask(link, std::string("BEGIN; SELECT pg_advisory_xact_lock(") + kAdvisoryLock + ")");
    try {
        if (!hasSchema(link)) makeTables(link);
        ask(link, "COMMIT");
    } catch (const StorageError&) {
        rollBack(link);
        throw;
    }
}

} // namespace connector
