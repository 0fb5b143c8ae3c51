#include "mapping/MappingStore.h"

#include "mapping/DatabaseLock.h"
#include "mapping/PostgresModule.h"
#include "mapping/SqliteDatabase.h"

#include <Poco/Data/Statement.h>
#include <Poco/Logger.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace connector {

namespace {

using namespace Poco::Data::Keywords;
using Poco::Data::Statement;

constexpr const char* kDeleteRow = "DELETE FROM mapping WHERE id = $1";

/// What the columns make of text(name, number), numbers from 1 on, with commas between.
template <class Function>
std::string forColumns(std::size_t count, Function&& text) {
    std::string list;
    for (std::size_t i = 0; i < count; ++i)
        list += (i > 0 ? ", " : "") + text(kMappingColumns[i].name, std::to_string(i + 1));
    return list;
}

/// $1, $2 and so on.
std::string placeholders(std::ptrdiff_t count) {
    std::string list;
    for (std::ptrdiff_t number = 1; number <= count; ++number)
        list += (number > 1 ? ", $" : "$") + std::to_string(number);
    return list;
}

std::string selectRows() {
    return "SELECT " +
           forColumns(kMappingColumns.size(),
                      [](const std::string& name, const std::string&) { return name; }) +
           ", checksum FROM mapping ";
}

std::string insertRow() {
    const auto values = forColumns(
        kMappingColumns.size(), [](const std::string&, const std::string& number) { return "$" + number; });
    const auto names =
        forColumns(kMappingColumns.size(), [](const std::string& name, const std::string&) { return name; });
    return "INSERT INTO mapping (" + names + ", checksum) VALUES (" + values + ", $" +
           std::to_string(kMappingColumns.size() + 1) + ")";
}

/// Of the columns that the checksum is of. The values behind theirs: the checksum, the id, and the checksum
/// that it had before.
std::string updateRow() {
    const auto settings = forColumns(kSealedColumns, [](const std::string& name, const std::string& number) {
        return name + " = $" + number;
    });
    const auto behind = [](std::size_t place) { return "$" + std::to_string(kSealedColumns + place); };
    return "UPDATE mapping SET " + settings + ", checksum = " + behind(1) + " WHERE id = " + behind(2) +
           " AND checksum = " + behind(3);
}

} // namespace

MappingStore::MappingStore(const std::string& path, std::chrono::milliseconds busy, Descriptor lock)
    : MappingStore(std::make_unique<SqliteDatabase>(path, busy, std::move(lock)), false) {}

MappingStore::MappingStore(std::unique_ptr<Database> database, bool isShared)
    : _database(std::move(database)), _isShared(isShared) {}

MappingStore MappingStore::openShared(const DatabaseLocation& location, std::chrono::milliseconds busy,
                                      Tables tables) {
    const auto access = tables == Tables::Make ? DatabaseAccess::Make : DatabaseAccess::Write;
    return {newPostgresDatabase(location, busy, access), true};
}

MappingStore MappingStore::openToRead(const std::string& path) {
    return {SqliteDatabase::openToRead(path, kDatabaseBusy), false};
}

std::optional<MappingStore> MappingStore::openSharedToRead(const DatabaseLocation& location) {
    auto database = newPostgresDatabase(location, kDatabaseBusy, DatabaseAccess::Read);
    if (!database->hasTables()) return std::nullopt;
    return MappingStore(std::move(database), true);
}

MappingStore::MappingStore(MappingStore&& other) noexcept = default;

MappingStore::~MappingStore() = default;

void MappingStore::limitBusy(std::chrono::milliseconds busy) {
    _database->limitBusy(busy);
}

bool MappingStore::isInUse(const std::string& path) {
    return DatabaseLock::isHeld(path);
}

MappingStore::Rows MappingStore::load() {
    Rows rows;
    loadInto(rows, "ORDER BY id", {});
    return rows;
}

MappingStore::Rows MappingStore::load(const std::set<std::string>& ids) {
    constexpr std::ptrdiff_t kAtOnce = 1000; // databases bound the number of values
    Rows rows;
    for (auto from = ids.begin(); from != ids.end();) {
        const auto to = std::next(from, std::min(kAtOnce, std::distance(from, ids.end())));
        loadInto(rows, "WHERE id IN (" + placeholders(std::distance(from, to)) + ")", {from, to});
        from = to;
    }
    return rows;
}

/// ids: the condition's $1 and so on.
void MappingStore::loadInto(Rows& rows, const std::string& condition, const std::set<std::string>& ids) {
    MappingRow row;
    Poco::Nullable<std::string> checksum;
    _database->translated([&] {
        Statement select(_database->readable());
        select << selectRows() + condition;
        for (const auto& id : ids)
            select, useRef(id);
        for (auto& value : row)
            select, into(value);
        select, into(checksum), limit(1);
        while (!select.done()) {
            if (select.execute() == 0) continue;
            auto mapping = checksum.value("") == checksumOf(row) ? mappingOf(row) : std::nullopt;
            if (mapping)
                rows.mappings.push_back(std::move(*mapping));
            else
                rows.damaged.push_back(remainsOf(row));
        }
    });
}

std::vector<MappingStore::RowMark> MappingStore::marks() {
    return _database->translated([&] {
        std::vector<std::string> ids;
        std::vector<std::string> checksums;
        _database->readable() << "SELECT id, checksum FROM mapping ORDER BY id", into(ids), into(checksums),
            now;
        std::vector<RowMark> marks;
        marks.reserve(ids.size());
        for (std::size_t i = 0; i < ids.size(); ++i)
            marks.push_back({std::move(ids[i]), std::move(checksums[i])});
        return marks;
    });
}

std::vector<std::uint16_t> MappingStore::releasedPorts() {
    return _database->translated([&] {
        std::vector<int> ports;
        _database->readable() << "SELECT port FROM released_port ORDER BY turn", into(ports), now;
        return std::vector<std::uint16_t>(ports.begin(), ports.end());
    });
}

void MappingStore::insertAll(const std::vector<Mapping>& mappings) {
    Transaction transaction(*this);
    for (const auto& mapping : mappings)
        insert(mapping);
    transaction.commit();
}

int MappingStore::lockDescriptor() const {
    return _database->lockDescriptor();
}

void MappingStore::suspend() {
    _database->suspend();
}

void MappingStore::listen() {
    _database->listen();
}

std::vector<MappingStore::Change> MappingStore::awaitChanges(std::chrono::milliseconds atMost, int wake) {
    return _database->awaitChanges(atMost, wake);
}

Poco::Int64 MappingStore::changeNumber() {
    return _database->changeNumber();
}

void MappingStore::insert(const Mapping& mapping) {
    const auto row = rowOf(mapping);
    Database::Values values(row.begin(), row.end());
    values.emplace_back(checksumOf(row));
    _database->write(insertRow(), values);
}

void MappingStore::remove(const Mapping& mapping) {
    const auto count = _database->write("DELETE FROM mapping WHERE id = $1 AND checksum = $2",
                                        {mapping.id, checksumOf(mapping)});
    if (count == 0) throw StorageOutdated("mapping " + mapping.id + " was changed or removed meanwhile");
    releasePorts(mapping, Mapping());
}

void MappingStore::removeIfThere(const Mapping& mapping) {
    if (_database->write(kDeleteRow, {mapping.id}) > 0) releasePorts(mapping, Mapping());
}

void MappingStore::forget(const std::string& id) {
    _database->write(kDeleteRow, {id});
}

void MappingStore::replace(const Mapping& before, const Mapping& mapping) {
    const auto row = rowOf(mapping);
    Database::Values values(row.begin(), row.begin() + kSealedColumns);
    for (const auto& value : {checksumOf(row), before.id, checksumOf(before)})
        values.emplace_back(value);
    if (_database->write(updateRow(), values) == 0)
        throw StorageOutdated("mapping " + before.id + " was changed or removed meanwhile");
    releasePorts(before, mapping);
}

/// Those of a mapping that its successor does not keep.
void MappingStore::releasePorts(const Mapping& mapping, const Mapping& keeper) {
    for (const auto port : {mapping.endpoint1.port, mapping.endpoint2.port})
        if (port != 0 && port != keeper.endpoint1.port && port != keeper.endpoint2.port)
            _database->write("INSERT INTO released_port (turn, port)"
                             " VALUES ((SELECT coalesce(max(turn), 0) + 1 FROM released_port), $1)"
                             " ON CONFLICT (port) DO UPDATE SET turn = excluded.turn",
                             {std::to_string(port)});
}

void MappingStore::setLastUse(const std::vector<LastUseRecord>& records) {
    _database->setLastUse(records);
}

void MappingStore::tryToWrite() {
    _database->tryToWrite();
}

void MappingStore::interrupt() {
    _database->interrupt();
}

void MappingStore::close() {
    _database->close();
}

MappingStore::Transaction::Transaction(MappingStore& store) : _store(store), _database(*store._database) {
    _database.begin();
}

MappingStore::Transaction::~Transaction() {
    if (!_isOver) _database.rollback();
}

std::exception_ptr MappingStore::Transaction::apply(const std::function<void(MappingStore&)>& write) {
    _database.execute("SAVEPOINT one");
    try {
        write(_store);
    } catch (const StorageUnreachable&) {
        throw;
    } catch (const StorageFull&) {
        throw;
    } catch (const StorageError&) {
        if (!_database.isInTransaction()) throw;
        _database.execute("ROLLBACK TO one");
        _database.execute("RELEASE one");
        return std::current_exception();
    }
    _database.execute("RELEASE one");
    return nullptr;
}

void MappingStore::Transaction::commit() {
    _database.commit();
    _isOver = true;
}

} // namespace connector
