#include "mapping/SqliteDatabase.h"

#include "mapping/DatabaseLock.h"

#include <Poco/Data/SQLite/Connector.h>
#include <Poco/Data/SQLite/SQLiteException.h>
#include <Poco/Data/SQLite/Utility.h>
#include <Poco/Data/Statement.h>
#include <Poco/File.h>
#include <Poco/Path.h>
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
std::exception_ptr errorOf(const Poco::Exception& error, const std::string& path, const Session* session) {
    const auto failure = path + ": " + error.displayText();
    if (dynamic_cast<const Poco::Data::SQLite::DatabaseFullException*>(&error) ||
        (session && isOutOfSpace(handleOf(*session))))
        return std::make_exception_ptr(StorageFull(path + ": the disk is full: " + error.message()));
    if (dynamic_cast<const Poco::Data::SQLite::DBLockedException*>(&error))
        return std::make_exception_ptr(StorageLocked(path + ": the database is locked by another program"));
    if (dynamic_cast<const Poco::Data::SQLite::ConstraintViolationException*>(&error)) {
        const auto isOf = [&](const char* columns) {
            return error.message().find(columns) != std::string::npos;
        };
        if (isOf("mapping.port")) return std::make_exception_ptr(StoragePortTaken(failure));
        if (isOf("mapping.name")) return std::make_exception_ptr(StorageNameTaken(failure));
    }
    return std::make_exception_ptr(StorageError(failure));
}

template <class Function>
auto whileOpening(const std::string& path, const Session* session, Function&& function) {
    try {
        return function();
    } catch (const Poco::Exception& error) {
        std::rethrow_exception(errorOf(error, path, session));
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
               " label TEXT NOT NULL, name TEXT," // NULL: none
               // NULL: it has none of its own; so both are, or neither.
               " port1 INTEGER, passcode1 TEXT NOT NULL,"
               " formerpasscode1 TEXT NOT NULL, formerpasscodeuntil1 INTEGER NOT NULL,"
               " maxconnections1 INTEGER NOT NULL, heartbeatabsencethreshold1 INTEGER NOT NULL,"
               " port2 INTEGER, passcode2 TEXT NOT NULL,"
               " formerpasscode2 TEXT NOT NULL, formerpasscodeuntil2 INTEGER NOT NULL,"
               " maxconnections2 INTEGER NOT NULL, heartbeatabsencethreshold2 INTEGER NOT NULL,"
               // Lists have a space between their members.
               " alpn TEXT NOT NULL, visitortls INTEGER NOT NULL,"
               // NULL: as the configuration says.
               " visitorsperaddress INTEGER, visitorrate INTEGER, allow TEXT, deny TEXT,"
               " relayidle INTEGER, bandwidth INTEGER, logrelays INTEGER,"
               " created INTEGER NOT NULL, lastagent INTEGER NOT NULL, lastvisitor INTEGER NOT NULL,"
               " checksum TEXT NOT NULL" // of all the others but the times
               ") WITHOUT ROWID",
        now;
    // Those that have none are in no index: there may be a hundred thousand.
    for (const std::string column : {"name", "port1", "port2"})
        session << "CREATE UNIQUE INDEX mapping_" + column + " ON mapping (" + column + ") WHERE " + column +
                       " IS NOT NULL",
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
class SqliteDatabase::LockWait {
  public:
    explicit LockWait(std::chrono::milliseconds atMost) : _atMost(atMost) {}

    void limit(std::chrono::milliseconds atMost) { _atMost = atMost; }

    /// A session that waits so.
    std::unique_ptr<Session> newSession(const std::string& path) {
        auto session = std::make_unique<Session>(Poco::Data::SQLite::Connector::KEY, path);
        sqlite3_busy_handler(handleOf(*session), &LockWait::onBusy, this);
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

SqliteDatabase::SqliteDatabase(const std::string& path, std::chrono::milliseconds busy, Descriptor lock)
    : _path(path), _wait(std::make_unique<LockWait>(busy)) {
    Poco::Data::SQLite::Connector::registerConnector();
    whileOpening(_path, nullptr, [&] {
        Poco::File(Poco::Path(_path).makeAbsolute().parent()).createDirectories();
        _lock = std::make_unique<DatabaseLock>(_path, std::move(lock));
        open();
    });
}

SqliteDatabase::SqliteDatabase(const std::string& path, std::unique_ptr<LockWait> wait,
                               std::unique_ptr<Session> session)
    : _path(path), _wait(std::move(wait)), _session(std::move(session)) {}

SqliteDatabase::~SqliteDatabase() = default;

void SqliteDatabase::open() {
    try {
        openToWrite();
    } catch (const StorageFull&) {
        auto reader = _wait->newSession(_path);
        whileOpening(_path, reader.get(), [&] { prepareToReadAlone(*reader, _path); });
        _reader = std::move(reader);
    }
}

void SqliteDatabase::openToWrite() {
    auto session = _wait->newSession(_path);
    whileOpening(_path, session.get(), [&] { prepareToWrite(*session, _path); });
    exchangeSession(std::move(session));
}

void SqliteDatabase::exchangeSession(std::unique_ptr<Session> session) {
    {
        const auto lock = _wait->lock();
        _session.swap(session);
    }
    // The former one is closed here: without the lock, as that may take the disk's time.
}

std::unique_ptr<SqliteDatabase> SqliteDatabase::openToRead(const std::string& path,
                                                           std::chrono::milliseconds busy) {
    Poco::Data::SQLite::Connector::registerConnector();
    return whileOpening(path, nullptr, [&] {
        // SQLite would say no more than that it is unable to.
        if (::access(path.c_str(), R_OK) != 0)
            throw StorageError(path + ": can't be read: " + std::generic_category().message(errno));
        auto wait = std::make_unique<LockWait>(busy);
        auto session = wait->newSession(readOnlyUri(path));
        // What has no tables yet has no mappings: an empty database in memory stands for it.
        if (checkedVersion(*session, path) == 0) {
            session = std::make_unique<Session>(Poco::Data::SQLite::Connector::KEY, ":memory:");
            createTables(*session);
        }
        return std::unique_ptr<SqliteDatabase>(new SqliteDatabase(path, std::move(wait), std::move(session)));
    });
}

Session& SqliteDatabase::readable() {
    return _reader ? *_reader : writable();
}

Session& SqliteDatabase::writable() {
    if (!_session) throw StorageError(_path + ": the database is not open");
    return *_session;
}

std::exception_ptr SqliteDatabase::meaningOf(const Poco::Exception& error) {
    return errorOf(error, _path, _reader ? _reader.get() : _session.get());
}

void SqliteDatabase::begin() {
    if (!_session) {
        _reader.reset();
        openToWrite();
    }
    execute("BEGIN IMMEDIATE");
}

void SqliteDatabase::commit() {
    execute("COMMIT");
}

void SqliteDatabase::rollback() noexcept {
    try {
        execute("ROLLBACK");
    } catch (const StorageError&) { // SQLite has ended it already, as on a full disk
    }
}

bool SqliteDatabase::isInTransaction() {
    return sqlite3_get_autocommit(handleOf(writable())) == 0;
}

void SqliteDatabase::execute(const std::string& statement) {
    auto& session = writable();
    translated([&] { session << statement, now; });
}

std::size_t SqliteDatabase::write(const std::string& statement, const Values& values) {
    return translated([&] {
        Poco::Data::Statement write(writable());
        write << statement;
        auto bound = values;
        for (auto& value : bound)
            write, use(value);
        return write.execute();
    });
}

void SqliteDatabase::setLastUse(const std::vector<LastUseRecord>& records) {
    for (const auto& [id, lastUse] : records)
        write("UPDATE mapping SET lastagent = CASE WHEN lastagent < $1 THEN $1 ELSE lastagent END,"
              " lastvisitor = CASE WHEN lastvisitor < $2 THEN $2 ELSE lastvisitor END"
              " WHERE id = $3 AND (lastagent < $1 OR lastvisitor < $2)",
              {std::to_string(lastUse.agent), std::to_string(lastUse.visitor), id});
}

void SqliteDatabase::tryToWrite() {
    execute("PRAGMA user_version = " + std::to_string(kSchemaVersion));
}

int SqliteDatabase::lockDescriptor() const {
    return _lock->descriptor();
}

void SqliteDatabase::suspend() {
    exchangeSession(nullptr);
    _reader.reset();
}

void SqliteDatabase::close() {
    suspend();
    _lock.reset();
}

void SqliteDatabase::limitBusy(std::chrono::milliseconds busy) {
    _wait->limit(busy);
}

void SqliteDatabase::interrupt() {
    _wait->interrupt(_session);
}

} // namespace connector
