#include "mapping/MappingStore.h"

#include "base/Descriptor.h"

#include <Poco/Data/RecordSet.h>
#include <Poco/Data/SQLite/Connector.h>
#include <Poco/Data/SQLite/SQLiteException.h>
#include <Poco/Data/Statement.h>
#include <Poco/File.h>
#include <Poco/Nullable.h>
#include <Poco/Path.h>
#include <Poco/String.h>
#include <Poco/StringTokenizer.h>
#include <Poco/URI.h>

#include <cerrno>
#include <fcntl.h>
#include <optional>
#include <system_error>
#include <type_traits>
#include <unistd.h>

namespace connector {

namespace {

using namespace Poco::Data::Keywords;
using Poco::Data::Session;

constexpr int kSchemaVersion = 1;

/// What the database says, in the words of the exceptions that callers know.
template <class Function>
auto translated(const std::string& path, Function&& function) {
    try {
        return function();
    } catch (const Poco::Data::SQLite::DatabaseFullException& error) {
        throw StorageFull(path + ": the disk is full: " + error.message());
    } catch (const Poco::Exception& error) {
        throw StorageError(path + ": " + error.displayText());
    }
}

/// All that is written until commit(), or nothing. SQLite ends a transaction by itself when the disk is full;
/// Poco::Data's own would take the session to be in it for good then.
class Transaction {
  public:
    explicit Transaction(Session& session) : _session(session) { _session << "BEGIN", now; }
    ~Transaction() {
        if (_isOver) return;
        try {
            _session << "ROLLBACK", now;
        } catch (const Poco::Exception&) { // it has ended already
        }
    }
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;

    void commit() {
        _session << "COMMIT", now;
        _isOver = true;
    }

  private:
    Session& _session;
    bool _isOver = false;
};

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

void createTables(Session& session) {
    Transaction transaction(session);
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
               " created INTEGER NOT NULL, lastagent INTEGER NOT NULL, lastvisitor INTEGER NOT NULL"
               ") WITHOUT ROWID",
        now;
    // A port's place in the order of giving back, so that a restart does not make it the next one handed out.
    session << "CREATE TABLE released_port (turn INTEGER PRIMARY KEY, port INTEGER NOT NULL UNIQUE)", now;
    session << "PRAGMA user_version = " + std::to_string(kSchemaVersion), now;
    transaction.commit();
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

std::string joined(const std::vector<std::string>& names) {
    return Poco::cat(std::string(" "), names.begin(), names.end());
}

std::vector<std::string> split(const std::string& names) {
    const Poco::StringTokenizer parts(names, " ", Poco::StringTokenizer::TOK_IGNORE_EMPTY);
    return {parts.begin(), parts.end()};
}

/// What a column of NULL stands for, if it has a value.
template <class Value>
Poco::Nullable<Poco::Int64> nullable(const std::optional<Value>& value) {
    if (!value) return {};
    if constexpr (std::is_same_v<Value, std::chrono::milliseconds>)
        return Poco::Int64{value->count()};
    else
        return Poco::Int64{*value};
}

Poco::Nullable<std::string> nullable(const std::optional<std::vector<Network>>& networks) {
    if (!networks) return {};
    std::vector<std::string> texts;
    for (const auto& network : *networks)
        texts.push_back(network.toString());
    return joined(texts);
}

/// All of the table mapping, in the order in which MappingRow reads them and insertRow() binds them.
constexpr const char* kColumns =
    "id, type, label,"
    " port1, passcode1, formerpasscode1, formerpasscodeuntil1, maxconnections1, heartbeatabsencethreshold1,"
    " port2, passcode2, formerpasscode2, formerpasscodeuntil2, maxconnections2, heartbeatabsencethreshold2,"
    " alpn, visitortls, visitorsperaddress, visitorrate, allow, deny, relayidle, bandwidth,"
    " created, lastagent, lastvisitor";

/// One row of kColumns, read from left to right.
class MappingRow {
  public:
    explicit MappingRow(Poco::Data::RecordSet& rows) : _rows(rows) {}

    Mapping read() {
        Mapping mapping;
        mapping.id = next<std::string>();
        mapping.type =
            next<std::string>() == Mapping::kPublic ? Mapping::Type::Public : Mapping::Type::Private;
        mapping.label = next<std::string>();
        mapping.endpoint1 = nextEndpoint();
        mapping.endpoint2 = nextEndpoint();
        mapping.visitors.alpn = split(next<std::string>());
        mapping.visitors.tls = next<int>() != 0;
        mapping.traffic.visitorsPerAddress = nextIfAny<int>();
        mapping.traffic.visitorRate = nextIfAny<int>();
        mapping.traffic.allow = nextNetworks();
        mapping.traffic.deny = nextNetworks();
        if (const auto idle = nextIfAny<Poco::Int64>())
            mapping.traffic.relayIdle = std::chrono::milliseconds(*idle);
        mapping.traffic.bandwidth = nextIfAny<Poco::Int64>();
        mapping.created = next<Poco::Int64>();
        mapping.lastUse.agent = next<Poco::Int64>();
        mapping.lastUse.visitor = next<Poco::Int64>();
        return mapping;
    }

  private:
    template <class Value>
    Value next() {
        return _rows.value(_column++).convert<Value>();
    }

    template <class Value>
    std::optional<Value> nextIfAny() {
        const auto value = _rows.value(_column++);
        if (value.isEmpty()) return std::nullopt;
        return value.convert<Value>();
    }

    Endpoint nextEndpoint() {
        Endpoint endpoint;
        endpoint.port = next<std::uint16_t>();
        endpoint.passcode = next<std::string>();
        endpoint.formerPasscode = next<std::string>();
        endpoint.formerPasscodeUntil = next<Poco::Int64>();
        endpoint.maxConnections = next<int>();
        endpoint.heartbeatAbsenceThreshold = std::chrono::milliseconds(next<Poco::Int64>());
        return endpoint;
    }

    std::optional<std::vector<Network>> nextNetworks() {
        const auto texts = nextIfAny<std::string>();
        if (!texts) return std::nullopt;
        std::vector<Network> networks;
        for (const auto& text : split(*texts))
            networks.push_back(Network::parse(text).value());
        return networks;
    }

    Poco::Data::RecordSet& _rows;
    std::size_t _column = 0;
};

std::unique_ptr<Session> open(const std::string& path) {
    auto session = std::make_unique<Session>(Poco::Data::SQLite::Connector::KEY, path);
    // Nothing is written before the file has proved to be ours.
    const int version = checkedVersion(*session, path);
    std::string journal;
    *session << "PRAGMA journal_mode = WAL", into(journal), now;
    if (journal != "wal")
        throw StorageError(path + ": SQLite can't use write-ahead logging on this file system");
    *session << "PRAGMA synchronous = FULL", now;
    if (version == 0) createTables(*session);
    return session;
}

/// Where nobody writes, the file alone is the database, and SQLite need not put its -shm file beside it.
std::string readOnlyUri(const std::string& path) {
    std::string encoded;
    Poco::URI::encode(Poco::Path(path).makeAbsolute().toString(), "?#%", encoded);
    const bool isWritten = Poco::File(path + "-wal").exists();
    return "file:" + encoded + (isWritten ? "?mode=ro" : "?mode=ro&immutable=1");
}

} // namespace

/// Keeps other processes out for as long as it lives: a lock of the open file (fcntl(2), F_OFD_SETLK) on its
/// first byte. SQLite's own locks are POSIX locks on other bytes, which this does not meet; but closing any
/// descriptor of the file would drop them, so it is closed last.
class MappingStore::FileLock {
  public:
    explicit FileLock(const std::string& path)
        : _descriptor(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR)) {
        if (_descriptor.get() < 0)
            throw StorageError(path +
                               ": can't be opened for writing: " + std::generic_category().message(errno));
        auto lock = onFirstByte();
        if (::fcntl(_descriptor.get(), F_OFD_SETLK, &lock) != 0)
            throw StorageError(path + (errno == EAGAIN || errno == EACCES
                                           ? ": another iofog-connector is using this database"
                                           : ": " + std::generic_category().message(errno)));
    }

    /// Whether some process has it. Only asks: to try it, even for a moment, would keep out a process that
    /// starts at that moment.
    static bool isHeld(const std::string& path, const Descriptor& descriptor) {
        auto lock = onFirstByte();
        if (::fcntl(descriptor.get(), F_OFD_GETLK, &lock) != 0)
            throw StorageError(path + ": " + std::generic_category().message(errno));
        return lock.l_type != F_UNLCK;
    }

  private:
    static struct flock onFirstByte() {
        struct flock lock {};
        lock.l_type = F_WRLCK;
        lock.l_whence = SEEK_SET;
        lock.l_len = 1;
        return lock;
    }

    Descriptor _descriptor;
};

MappingStore::MappingStore(const std::string& path) : _path(path) {
    Poco::Data::SQLite::Connector::registerConnector();
    translated(_path, [&] {
        Poco::File(Poco::Path(_path).makeAbsolute().parent()).createDirectories();
        _lock = std::make_unique<FileLock>(_path);
        _session = open(_path);
    });
}

MappingStore::MappingStore(const std::string& path, std::unique_ptr<Session> session)
    : _path(path), _session(std::move(session)) {}

MappingStore MappingStore::openToRead(const std::string& path) {
    Poco::Data::SQLite::Connector::registerConnector();
    return translated(path, [&] {
        // SQLite would say no more than that it is unable to.
        if (::access(path.c_str(), R_OK) != 0)
            throw StorageError(path + ": can't be read: " + std::generic_category().message(errno));
        auto session = std::make_unique<Session>(Poco::Data::SQLite::Connector::KEY, readOnlyUri(path));
        // What has no tables yet has no mappings: an empty database in memory stands for it.
        if (checkedVersion(*session, path) == 0) {
            session = std::make_unique<Session>(Poco::Data::SQLite::Connector::KEY, ":memory:");
            createTables(*session);
        }
        return MappingStore(path, std::move(session));
    });
}

MappingStore::MappingStore(MappingStore&& other) noexcept = default;

MappingStore::~MappingStore() = default;

bool MappingStore::isInUse(const std::string& path) {
    const Descriptor descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (descriptor.get() < 0 && (errno == ENOENT || errno == ENOTDIR)) return false;
    if (descriptor.get() < 0)
        throw StorageError(path + ": can't be read: " + std::generic_category().message(errno));
    return FileLock::isHeld(path, descriptor);
}

std::vector<Mapping> MappingStore::load() {
    return translated(_path, [&] {
        Poco::Data::Statement select(*_session);
        select << std::string("SELECT ") + kColumns + " FROM mapping ORDER BY id";
        select.execute();
        Poco::Data::RecordSet rows(select);
        std::vector<Mapping> mappings;
        for (bool more = rows.moveFirst(); more; more = rows.moveNext())
            mappings.push_back(MappingRow(rows).read());
        return mappings;
    });
}

std::vector<std::uint16_t> MappingStore::releasedPorts() {
    return translated(_path, [&] {
        std::vector<int> ports;
        *_session << "SELECT port FROM released_port ORDER BY turn", into(ports), now;
        return std::vector<std::uint16_t>(ports.begin(), ports.end());
    });
}

void MappingStore::insertAll(const std::vector<Mapping>& mappings) {
    translated(_path, [&] {
        Transaction transaction(*_session);
        for (const auto& mapping : mappings)
            insertRow(mapping);
        transaction.commit();
    });
}

void MappingStore::insertRow(const Mapping& mapping) {
    const std::string type = mapping.typeName();
    const auto& traffic = mapping.traffic;
    const auto columns = [](const Endpoint& endpoint) {
        return Poco::Tuple<int, std::string, std::string, Poco::Int64, int, Poco::Int64>(
            endpoint.port, endpoint.passcode, endpoint.formerPasscode, endpoint.formerPasscodeUntil,
            endpoint.maxConnections, endpoint.heartbeatAbsenceThreshold.count());
    };
    auto first = columns(mapping.endpoint1);
    auto second = columns(mapping.endpoint2);
    *_session
        << std::string("INSERT INTO mapping (") + kColumns +
               ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        useRef(mapping.id), useRef(type), useRef(mapping.label), use(first), use(second),
        bind(joined(mapping.visitors.alpn)), bind(mapping.visitors.tls ? 1 : 0),
        bind(nullable(traffic.visitorsPerAddress)), bind(nullable(traffic.visitorRate)),
        bind(nullable(traffic.allow)), bind(nullable(traffic.deny)), bind(nullable(traffic.relayIdle)),
        bind(nullable(traffic.bandwidth)), useRef(mapping.created), useRef(mapping.lastUse.agent),
        useRef(mapping.lastUse.visitor), now;
}

void MappingStore::deleteRow(const Mapping& mapping) {
    *_session << "DELETE FROM mapping WHERE id = ?", useRef(mapping.id), now;
}

void MappingStore::releasePort(int port) {
    *_session << "INSERT OR REPLACE INTO released_port (turn, port)"
                 " VALUES ((SELECT ifnull(max(turn), 0) + 1 FROM released_port), ?)",
        bind(port), now;
}

void MappingStore::remove(const Mapping& mapping) {
    translated(_path, [&] {
        Transaction transaction(*_session);
        deleteRow(mapping);
        releasePort(mapping.endpoint1.port);
        releasePort(mapping.endpoint2.port);
        transaction.commit();
    });
}

void MappingStore::replace(const Mapping& before, const Mapping& mapping) {
    translated(_path, [&] {
        Transaction transaction(*_session);
        deleteRow(before);
        insertRow(mapping);
        for (const auto port : {before.endpoint1.port, before.endpoint2.port})
            if (port != mapping.endpoint1.port && port != mapping.endpoint2.port) releasePort(port);
        transaction.commit();
    });
}

void MappingStore::setLastUse(const std::vector<LastUseRecord>& records) {
    translated(_path, [&] {
        Transaction transaction(*_session);
        LastUseRecord record;
        Poco::Data::Statement update(*_session);
        update << "UPDATE mapping SET lastagent = ?, lastvisitor = ? WHERE id = ?", use(record.lastUse.agent),
            use(record.lastUse.visitor), use(record.id);
        for (const auto& one : records) {
            record = one;
            update.execute();
        }
        transaction.commit();
    });
}

} // namespace connector
