#include "mapping/MappingStore.h"

#include "mapping/DatabaseLock.h"
#include "mapping/MappingRow.h"

#include <Poco/Data/RecordSet.h>
#include <Poco/Data/SQLite/Connector.h>
#include <Poco/Data/SQLite/SQLiteException.h>
#include <Poco/Data/SQLite/Utility.h>
#include <Poco/Data/Statement.h>
#include <Poco/File.h>
#include <Poco/Path.h>
#include <Poco/Tuple.h>
#include <Poco/URI.h>

#include <atomic>
#include <cerrno>
#include <mutex>
#include <sqlite3.h>
#include <system_error>
#include <thread>
#include <unistd.h>

namespace connector {

namespace {

using namespace Poco::Data::Keywords;
using Poco::Data::Session;

constexpr int kSchemaVersion = 1;

sqlite3* handleOf(const Session& session) {
    return Poco::Data::SQLite::Utility::dbHandle(session);
}

/// SQLite says so itself only of some writes.
bool isOutOfSpace(sqlite3* database) {
    const int primary = sqlite3_errcode(database) & 0xff;
    if (primary != SQLITE_IOERR && primary != SQLITE_CANTOPEN) return false;
    const int reason = sqlite3_system_errno(database);
    return reason == ENOSPC || reason == EDQUOT;
}

/// What the database says, in the words of the exceptions that callers know. session: null where there is
/// none yet.
template <class Function>
auto translated(const std::string& path, const Session* session, Function&& function) {
    const std::string full = path + ": the disk is full: ";
    try {
        return function();
    } catch (const Poco::Data::SQLite::DatabaseFullException& error) {
        throw StorageFull(full + error.message());
    } catch (const Poco::Data::SQLite::DBLockedException&) {
        throw StorageLocked(path + ": the database is locked by another program");
    } catch (const Poco::Exception& error) {
        if (session && isOutOfSpace(handleOf(*session))) throw StorageFull(full + error.message());
        throw StorageError(path + ": " + error.displayText());
    }
}

int integerOf(Session& session, const std::string& query) {
    int value = 0;
    session << query, into(value), now;
    return value;
}

void checkIntegrity(Session& session, const std::string& path) {
    std::string verdict;
    session << "PRAGMA integrity_check(1)", into(verdict), now;
    if (verdict != "ok")
        throw StorageError(path + ": the database is damaged (" + verdict +
                           "); restore a backup, or move it away to start with no mappings");
}

void checkVersion(int version, const std::string& path) {
    if (version > kSchemaVersion)
        throw StorageError(path + ": the database has version " + std::to_string(version) +
                           ", which a newer iofog-connector has written; this one reads up to version " +
                           std::to_string(kSchemaVersion));
}

/// Nothing of it is there when it throws.
void createTables(Session& session) {
    session << "BEGIN IMMEDIATE", now;
    session << "CREATE TABLE mapping ("
               " id TEXT PRIMARY KEY, type TEXT NOT NULL CHECK (type IN ('public', 'private')),"
               " label TEXT NOT NULL,"
               " port1 INTEGER NOT NULL UNIQUE, passcode1 TEXT NOT NULL,"
               " formerpasscode1 TEXT NOT NULL, formerpasscodeuntil1 INTEGER NOT NULL,"
               " maxconnections1 INTEGER NOT NULL, heartbeatabsencethreshold1 INTEGER NOT NULL,"
               " port2 INTEGER NOT NULL UNIQUE, passcode2 TEXT NOT NULL,"
               " formerpasscode2 TEXT NOT NULL, formerpasscodeuntil2 INTEGER NOT NULL,"
               " maxconnections2 INTEGER NOT NULL, heartbeatabsencethreshold2 INTEGER NOT NULL,"
               // Lists have a space between their members.
               " alpn TEXT NOT NULL, visitortls INTEGER NOT NULL,"
               // NULL: as the configuration says.
               " visitorsperaddress INTEGER, visitorrate INTEGER, allow TEXT, deny TEXT,"
               " relayidle INTEGER, bandwidth INTEGER,"
               " created INTEGER NOT NULL, lastagent INTEGER NOT NULL, lastvisitor INTEGER NOT NULL,"
               " checksum TEXT NOT NULL" // of all the others but the times
               ") WITHOUT ROWID",
        now;
    // A port's place in the order of giving back, so that a restart does not make it the next one handed out.
    session << "CREATE TABLE released_port (turn INTEGER PRIMARY KEY, port INTEGER NOT NULL UNIQUE)", now;
    session << "PRAGMA user_version = " + std::to_string(kSchemaVersion), now;
    session << "COMMIT", now;
}

/// The version of the schema; 0 in a database that nothing has been written to. Only reads.
int checkedVersion(Session& session, const std::string& path) {
    const int version = integerOf(session, "PRAGMA user_version");
    checkVersion(version, path);
    checkIntegrity(session, path);
    if (version == 0 && integerOf(session, "SELECT count(*) FROM sqlite_master") > 0)
        throw StorageError(path + ": this is another program's database");
    return version;
}

/// What is written from now on is on the disk when it is committed.
void prepareToWrite(Session& session, const std::string& path) {
    // Nothing is written before the file has proved to be ours.
    const int version = checkedVersion(session, path);
    std::string journal;
    session << "PRAGMA journal_mode = WAL", into(journal), now;
    if (journal != "wal")
        throw StorageError(path + ": SQLite can't use write-ahead logging on this file system");
    session << "PRAGMA synchronous = FULL", now;
    if (version == 0) createTables(session);
}

/// Without the -shm file that SQLite puts beside the database for others, and for which a full disk has no
/// room. Throws what there is to say of a database without mappings.
void prepareToReadAlone(Session& session, const std::string& path) {
    std::string mode;
    session << "PRAGMA locking_mode = EXCLUSIVE", into(mode), now;
    if (checkedVersion(session, path) == 0) throw StorageFull(path + ": the disk is full");
}

/// Where nobody writes, the file alone is the database, and SQLite need not put its -shm file beside it.
std::string readOnlyUri(const std::string& path) {
    std::string encoded;
    Poco::URI::encode(Poco::Path(path).makeAbsolute().toString(), "?#%", encoded);
    const bool isWritten = Poco::File(path + "-wal").exists();
    return "file:" + encoded + (isWritten ? "?mode=ro" : "?mode=ro&immutable=1");
}

} // namespace

/// How a session waits for the lock of another program, until it is interrupted.
class MappingStore::LockWait {
  public:
    explicit LockWait(std::chrono::milliseconds atMost) : _atMost(atMost) {}

    void limit(std::chrono::milliseconds atMost) { _atMost = atMost; }

    /// A session that waits so.
    std::unique_ptr<Session> newSession(const std::string& path) {
        auto session = std::make_unique<Session>(Poco::Data::SQLite::Connector::KEY, path);
        sqlite3_busy_handler(handleOf(*session), &LockWait::onBusy, this);
        addMappingChecksum(handleOf(*session));
        return session;
    }

    /// To be held where the session that may be interrupted becomes another one.
    std::unique_lock<std::mutex> lock() { return std::unique_lock(_mutex); }

    void interrupt(const std::unique_ptr<Session>& session) {
        _isInterrupted = true;
        const std::lock_guard lock(_mutex);
        if (session) sqlite3_interrupt(handleOf(*session));
    }

  private:
    static int onBusy(void* self, int tries) {
        constexpr std::chrono::milliseconds kPause{10};
        auto& wait = *static_cast<LockWait*>(self);
        const auto current = std::chrono::steady_clock::now();
        if (tries == 0) wait._since = current;
        if (wait._isInterrupted || current - wait._since >= wait._atMost.load()) return 0;
        std::this_thread::sleep_for(kPause);
        return 1;
    }

    std::atomic<std::chrono::milliseconds> _atMost;
    std::chrono::steady_clock::time_point _since;
    std::atomic<bool> _isInterrupted = false;
    std::mutex _mutex;
};

MappingStore::MappingStore(const std::string& path, std::chrono::milliseconds busy)
    : _path(path), _wait(std::make_unique<LockWait>(busy)) {
    Poco::Data::SQLite::Connector::registerConnector();
    translated(_path, nullptr, [&] {
        Poco::File(Poco::Path(_path).makeAbsolute().parent()).createDirectories();
        _lock = std::make_unique<DatabaseLock>(_path);
        open();
    });
}

void MappingStore::limitBusy(std::chrono::milliseconds busy) {
    _wait->limit(busy);
}

MappingStore::MappingStore(const std::string& path, std::unique_ptr<LockWait> wait,
                           std::unique_ptr<Session> session)
    : _path(path), _wait(std::move(wait)), _session(std::move(session)) {}

void MappingStore::open() {
    try {
        openToWrite();
    } catch (const StorageFull&) {
        auto reader = _wait->newSession(_path);
        translated(_path, reader.get(), [&] { prepareToReadAlone(*reader, _path); });
        _reader = std::move(reader);
    }
}

void MappingStore::openToWrite() {
    auto session = _wait->newSession(_path);
    translated(_path, session.get(), [&] { prepareToWrite(*session, _path); });
    exchangeSession(std::move(session));
}

void MappingStore::exchangeSession(std::unique_ptr<Session> session) {
    {
        const auto lock = _wait->lock();
        _session.swap(session);
    }
    // The former one is closed here: without the lock, as that may take the disk's time.
}

MappingStore MappingStore::openToRead(const std::string& path) {
    Poco::Data::SQLite::Connector::registerConnector();
    return translated(path, nullptr, [&] {
        // SQLite would say no more than that it is unable to.
        if (::access(path.c_str(), R_OK) != 0)
            throw StorageError(path + ": can't be read: " + std::generic_category().message(errno));
        auto wait = std::make_unique<LockWait>(kDatabaseBusy);
        auto session = wait->newSession(readOnlyUri(path));
        // What has no tables yet has no mappings: an empty database in memory stands for it.
        if (checkedVersion(*session, path) == 0) {
            session = std::make_unique<Session>(Poco::Data::SQLite::Connector::KEY, ":memory:");
            createTables(*session);
        }
        return MappingStore(path, std::move(wait), std::move(session));
    });
}

MappingStore::MappingStore(MappingStore&& other) noexcept = default;

MappingStore::~MappingStore() = default;

bool MappingStore::isInUse(const std::string& path) {
    return DatabaseLock::isHeld(path);
}

Session& MappingStore::readable() {
    return _reader ? *_reader : writable();
}

Session& MappingStore::writable() {
    if (!_session) throw StorageError(_path + ": the database is not open");
    return *_session;
}

std::vector<Mapping> MappingStore::load() {
    auto& session = readable();
    return translated(_path, &session, [&] {
        Poco::Data::Statement select(session);
        select << std::string("SELECT ") + kMappingColumns +
                      " FROM mapping WHERE checksum = " + mappingChecksum() + " ORDER BY id";
        select.execute();
        Poco::Data::RecordSet rows(select);
        std::vector<Mapping> mappings;
        for (bool more = rows.moveFirst(); more; more = rows.moveNext())
            mappings.push_back(readMappingRow(rows));
        return mappings;
    });
}

std::vector<Mapping> MappingStore::loadDamaged() {
    auto& session = readable();
    return translated(_path, &session, [&] {
        std::vector<Poco::Tuple<std::string, int, int>> rows;
        session << "SELECT id, port1, port2 FROM mapping WHERE checksum <> " + mappingChecksum() +
                       " ORDER BY id",
            into(rows), now;
        std::vector<Mapping> mappings(rows.size());
        for (std::size_t i = 0; i < rows.size(); ++i) {
            mappings[i].id = rows[i].get<0>();
            mappings[i].endpoint1.port = static_cast<std::uint16_t>(rows[i].get<1>());
            mappings[i].endpoint2.port = static_cast<std::uint16_t>(rows[i].get<2>());
        }
        return mappings;
    });
}

std::vector<std::uint16_t> MappingStore::releasedPorts() {
    auto& session = readable();
    return translated(_path, &session, [&] {
        std::vector<int> ports;
        session << "SELECT port FROM released_port ORDER BY turn", into(ports), now;
        return std::vector<std::uint16_t>(ports.begin(), ports.end());
    });
}

void MappingStore::insertAll(const std::vector<Mapping>& mappings) {
    Transaction transaction(*this);
    for (const auto& mapping : mappings)
        insert(mapping);
    transaction.commit();
}

void MappingStore::insert(const Mapping& mapping) {
    auto& session = writable();
    translated(_path, &session, [&] { insertMappingRow(session, mapping); });
}

void MappingStore::deleteRow(const Mapping& mapping) {
    auto& session = writable();
    translated(_path, &session,
               [&] { session << "DELETE FROM mapping WHERE id = ?", useRef(mapping.id), now; });
}

void MappingStore::releasePort(int port) {
    auto& session = writable();
    translated(_path, &session, [&] {
        session << "INSERT OR REPLACE INTO released_port (turn, port)"
                   " VALUES ((SELECT ifnull(max(turn), 0) + 1 FROM released_port), ?)",
            bind(port), now;
    });
}

void MappingStore::remove(const Mapping& mapping) {
    deleteRow(mapping);
    releasePort(mapping.endpoint1.port);
    releasePort(mapping.endpoint2.port);
}

void MappingStore::replace(const Mapping& before, Mapping mapping) {
    mapping.lastUse = storedUse(mapping.id);
    deleteRow(before);
    insert(mapping);
    for (const auto port : {before.endpoint1.port, before.endpoint2.port})
        if (port != mapping.endpoint1.port && port != mapping.endpoint2.port) releasePort(port);
}

LastUse MappingStore::storedUse(const std::string& id) {
    auto& session = writable();
    return translated(_path, &session, [&] {
        LastUse lastUse;
        session << "SELECT lastagent, lastvisitor FROM mapping WHERE id = ?", useRef(id), into(lastUse.agent),
            into(lastUse.visitor), now;
        return lastUse;
    });
}

void MappingStore::setLastUse(const std::vector<LastUseRecord>& records) {
    auto& session = writable();
    translated(_path, &session, [&] {
        LastUseRecord record;
        Poco::Data::Statement update(session);
        update << "UPDATE mapping SET lastagent = ?, lastvisitor = ? WHERE id = ?", use(record.lastUse.agent),
            use(record.lastUse.visitor), use(record.id);
        for (const auto& one : records) {
            record = one;
            update.execute();
        }
    });
}

void MappingStore::tryToWrite() {
    auto& session = writable();
    translated(_path, &session,
               [&] { session << "PRAGMA user_version = " + std::to_string(kSchemaVersion), now; });
}

void MappingStore::interrupt() {
    _wait->interrupt(_session);
}

void MappingStore::close() {
    exchangeSession(nullptr);
    _reader.reset();
    _lock.reset();
}

MappingStore::Transaction::Transaction(MappingStore& store) : _store(store) {
    if (!_store._session) {
        _store._reader.reset();
        _store.openToWrite();
    }
    execute("BEGIN IMMEDIATE");
}

MappingStore::Transaction::~Transaction() {
    if (_isOver) return;
    try {
        execute("ROLLBACK");
    } catch (const StorageError&) { // SQLite has ended it already, as on a full disk
    }
}

std::exception_ptr MappingStore::Transaction::apply(const std::function<void(MappingStore&)>& write) {
    execute("SAVEPOINT one");
    try {
        write(_store);
    } catch (const StorageError&) {
        const bool isOpen = sqlite3_get_autocommit(handleOf(_store.writable())) == 0;
        if (!isOpen) throw;
        execute("ROLLBACK TO one");
        execute("RELEASE one");
        return std::current_exception();
    }
    execute("RELEASE one");
    return nullptr;
}

void MappingStore::Transaction::commit() {
    execute("COMMIT");
    _isOver = true;
}

void MappingStore::Transaction::execute(const char* statement) {
    auto& session = _store.writable();
    translated(_store._path, &session, [&] { session << std::string(statement), now; });
}

} // namespace connector
