#include "mapping/postgresql/PostgresDatabase.h"

#include "mapping/postgresql/ConnectionString.h"
#include "mapping/postgresql/PostgresConnect.h"
#include "mapping/postgresql/PostgresError.h"
#include "mapping/postgresql/PostgresQuery.h"
#include "mapping/postgresql/PostgresSchema.h"

#include <Poco/Data/PostgreSQL/Connector.h>
#include <Poco/Data/PostgreSQL/Utility.h>
#include <Poco/NumberParser.h>
#include <Poco/Version.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <libpq-fe.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <system_error>
#include <utility>

namespace connector {

namespace {

using Poco::Data::Session;
using Poco::Data::PostgreSQL::SessionHandle;

/// A Connector that is cut off in a transaction, with the lock that all others wait for, loses it after this.
constexpr const char* kIdleInTransaction = "10s";

SessionHandle& handleOf(Session& session) {
    return *Poco::Data::PostgreSQL::Utility::handle(session);
}

/// PostgreSQL's text of an array.
std::string arrayOf(const std::vector<std::string>& elements) {
    std::string text = "{";
    for (const auto& element : elements) {
        text += text.size() > 1 ? ",\"" : "\"";
        for (const char each : element) {
            if (each == '"' || each == '\\') text += '\\';
            text += each;
        }
        text += '"';
    }
    return text + "}";
}

Descriptor newWakeup() {
    Descriptor descriptor(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (descriptor.get() < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
    return descriptor;
}

#if POCO_VERSION < 0x010D0000
/// Sessions with a broken connection, which they would not free, and which can't be freed in their stead: so
/// it is not lost, at least. At most one of each store, at its end.
void drop(std::unique_ptr<Session> session) {
    if (!session) return;
    static std::mutex mutex;
    static auto& kept = *new std::vector<std::unique_ptr<Session>>; // not even at the end of the process
    const std::lock_guard lock(mutex);
    kept.push_back(std::move(session));
}

/// A session with a broken connection has another one from now on.
void renew(std::unique_ptr<Session>& session, const std::string& parameters) {
    auto& handle = handleOf(*session);
    auto* former = static_cast<pg_conn*>(handle);
    try {
        handle.connect(parameters);
    } catch (const Poco::Exception&) { // the connection says what there is to say
    }
    if (static_cast<pg_conn*>(handle) != former) PQfinish(former);
}
#else
/// It frees its connection itself.
void drop(std::unique_ptr<Session>) {}

void renew(std::unique_ptr<Session>& session, const std::string& parameters) {
    session = std::make_unique<Session>(Poco::Data::PostgreSQL::Connector::KEY, parameters);
}
#endif

} // namespace

PostgresDatabase::PostgresDatabase(const DatabaseLocation& location, std::chrono::milliseconds busy,
                                   DatabaseAccess access)
    : _location(location), _name(location.name()), _access(access), _busy(busy), _wakeup(newWakeup()) {
    Poco::Data::PostgreSQL::Connector::registerConnector();
    auto withoutPassword = location;
    withoutPassword.passwordFile.clear();
    connectionParameters(withoutPassword);
}

PostgresDatabase::~PostgresDatabase() {
    suspend();
    drop(std::move(_session));
}

pg_conn* PostgresDatabase::connection() const {
    return _session ? static_cast<pg_conn*>(handleOf(*_session)) : nullptr;
}

PostgresLink PostgresDatabase::link() const {
    return {connection(), _name, _busy.load() + kAnswer};
}

/// Notices an end of the connection that has arrived here, behind other messages.
bool PostgresDatabase::isConnected() const {
    if (!_session) return false;
    while (PQstatus(connection()) == CONNECTION_OK) {
        pollfd socket{PQsocket(connection()), POLLIN, 0};
        if (::poll(&socket, 1, 0) <= 0) return true;
        if (PQconsumeInput(connection()) == 0) return false;
    }
    return false;
}

void PostgresDatabase::throwUnreachable() const {
    const auto message = _session ? PostgresError::parse(PQerrorMessage(connection())).message : "";
    throw StorageUnreachable(_name + ": " + (message.empty() ? "there is no connection" : message));
}

/// POCO waits for ever: so it is asked before whether the server answers.
Session& PostgresDatabase::readable() {
    if (_isInTransaction) return writable();
    connectIfNeedBe();
    ask(link(), "SELECT 1");
    return *_session;
}

Session& PostgresDatabase::writable() {
    if (!_isInTransaction || PQstatus(connection()) != CONNECTION_OK) throwUnreachable();
    return *_session;
}

/// POCO's exceptions have the connection string in them where there is no connection.
std::exception_ptr PostgresDatabase::meaningOf(const Poco::Exception& error) {
    try {
        if (!_session || PQstatus(connection()) != CONNECTION_OK) throwUnreachable();
        return PostgresError::parse(error.message()).asException(_name);
    } catch (const StorageUnreachable&) {
        return std::current_exception();
    }
}

void PostgresDatabase::connectIfNeedBe() {
    if (!isConnected()) connect();
}

/// Twice: POCO frees no connection that can't be made, has the password in what it says about it, and can't
/// be interrupted, so it is left no more than an address that has just answered. One whose server dies
/// between the two is lost (Tests/leaks.txt).
void PostgresDatabase::connect() {
    if (_isOver) throw StorageError(_name + ": the database is not open");
    _isListening = false;
    const auto parameters =
        connectionString(reachableOf(connectionParameters(_location), _name, _wakeup.get()));
    try {
        if (_session)
            renew(_session, parameters);
        else
            _session = std::make_unique<Session>(Poco::Data::PostgreSQL::Connector::KEY, parameters);
    } catch (const Poco::Exception&) {
        throw StorageUnreachable(_name + ": the connection broke while it was made");
    }
    if (PQstatus(connection()) != CONNECTION_OK) throwUnreachable();
    prepare();
}

/// What each connection needs.
void PostgresDatabase::prepare() {
    PQsetNoticeProcessor(
        connection(), [](void*, const char*) {}, nullptr);
    PQsetnonblocking(connection(), 1); // POCO's functions wait all the same
    PQsetErrorVerbosity(connection(), PQERRORS_VERBOSE);
    note(Descriptor(::fcntl(PQsocket(connection()), F_DUPFD_CLOEXEC, 0)));
    try {
        _sessionBusy = std::chrono::milliseconds(-1);
        limitSession();
        ask(link(), std::string("SET idle_in_transaction_session_timeout = '") + kIdleInTransaction + "'");
        if (_access == DatabaseAccess::Read)
            ask(link(), "SET default_transaction_read_only = on");
        else if (_access == DatabaseAccess::Make)
            makeSchemaIfNeedBe(link());
        else if (!hasSchema(link()))
            throw StorageUnreachable(_name + kNoTables);
    } catch (const StorageError&) {
        suspend(); // or it would count as prepared
        throw;
    }
    if (_access == DatabaseAccess::Make) _access = DatabaseAccess::Write;
}

void PostgresDatabase::note(Descriptor socket) {
    const std::lock_guard lock(_mutex);
    _socket = std::move(socket);
    if (_isOver) ::shutdown(_socket.get(), SHUT_RDWR);
}

/// A connection whose end was not noticed, as after a restart of the server, is replaced.
void PostgresDatabase::begin() {
    const bool isNew = !isConnected();
    if (isNew) connect();
    try {
        beginHere();
    } catch (const StorageUnreachable&) {
        if (isNew || PQstatus(connection()) == CONNECTION_OK) throw;
        connect();
        beginHere();
    }
}

void PostgresDatabase::beginHere() {
    try {
        limitSession();
        ask(link(), std::string("BEGIN; SELECT pg_advisory_xact_lock(") + kAdvisoryLock + ")");
        _isInTransaction = true;
    } catch (const StorageError&) {
        rollback();
        throw;
    }
}

void PostgresDatabase::limitSession() {
    const auto busy = _busy.load();
    if (std::exchange(_sessionBusy, busy) != busy)
        ask(link(), "SET lock_timeout = " + std::to_string(busy.count()));
}

/// An end of the connection that was told before the server has heard of the commit is no uncertainty.
void PostgresDatabase::commit() {
    if (!isConnected()) throwUnreachable();
    if (PQtransactionStatus(connection()) != PQTRANS_INTRANS)
        throw StorageError(_name + ": the transaction has failed before");
    try {
        ask(link(), "COMMIT");
        _isInTransaction = false;
    } catch (const StorageUnreachable& error) {
        throw StorageUncertain(error.what());
    }
}

void PostgresDatabase::rollback() noexcept {
    _isInTransaction = false;
    if (_session) rollBack(link());
}

bool PostgresDatabase::isInTransaction() {
    return _isInTransaction && PQstatus(connection()) == CONNECTION_OK;
}

void PostgresDatabase::execute(const std::string& statement) {
    writable();
    ask(link(), statement);
}

/// Not by POCO, which takes four round trips for it.
std::size_t PostgresDatabase::write(const std::string& statement, const Values& values) {
    writable();
    return writeRows(link(), statement, values);
}

/// In few round trips, as all others wait for them; and a row that is updated to what it is would cost its
/// space all the same.
void PostgresDatabase::setLastUse(const std::vector<LastUseRecord>& records) {
    constexpr std::size_t kAtOnce = 1000;
    for (std::size_t from = 0; from < records.size(); from += kAtOnce) {
        std::vector<std::string> ids;
        std::vector<std::string> agents;
        std::vector<std::string> visitors;
        for (std::size_t i = from; i < std::min(from + kAtOnce, records.size()); ++i) {
            ids.push_back(records[i].id);
            agents.push_back(std::to_string(records[i].lastUse.agent));
            visitors.push_back(std::to_string(records[i].lastUse.visitor));
        }
        write("UPDATE mapping SET lastagent = greatest(lastagent, agent),"
              " lastvisitor = greatest(lastvisitor, visitor)"
              " FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS used (usedid, agent, visitor)"
              " WHERE id = usedid COLLATE \"C\" AND (lastagent < agent OR lastvisitor < visitor)",
              {arrayOf(ids), arrayOf(agents), arrayOf(visitors)});
    }
}

void PostgresDatabase::tryToWrite() {
    execute("UPDATE connector_schema SET version = version");
}

bool PostgresDatabase::hasTables() {
    connectIfNeedBe();
    return hasSchema(link());
}

void PostgresDatabase::suspend() {
    note(Descriptor(-1));
    _isInTransaction = false;
    _isListening = false;
    // connect() frees a broken connection.
    if (_session && PQstatus(connection()) == CONNECTION_OK) _session.reset();
}

void PostgresDatabase::close() {
    _isOver = true;
    suspend();
}

void PostgresDatabase::limitBusy(std::chrono::milliseconds busy) {
    _busy = busy;
}

/// Ends the connection, and with it the transaction: a request to cancel would have to connect to a server
/// that may be gone.
void PostgresDatabase::interrupt() {
    _isOver = true;
    ::eventfd_write(_wakeup.get(), 1);
    const std::lock_guard lock(_mutex);
    if (_socket.get() >= 0) ::shutdown(_socket.get(), SHUT_RDWR);
}

void PostgresDatabase::listen() {
    connectIfNeedBe();
    if (!_isListening) ask(link(), std::string("LISTEN ") + kChannel);
    _isListening = true;
}

std::vector<DatabaseChange> PostgresDatabase::awaitChanges(std::chrono::milliseconds atMost, int wake) {
    using Clock = std::chrono::steady_clock;
    const auto end = Clock::now() + atMost;
    for (;;) {
        if (!isConnected() || !_isListening) throwUnreachable();
        auto changes = takeChanges();
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now());
        if (!changes.empty() || left.count() <= 0) return changes;
        std::array<pollfd, 2> sockets{{{PQsocket(connection()), POLLIN, 0}, {wake, POLLIN, 0}}};
        ::poll(sockets.data(), sockets.size(), static_cast<int>(left.count()));
        if (sockets[1].revents != 0) return changes;
    }
}

/// Those that have arrived.
std::vector<DatabaseChange> PostgresDatabase::takeChanges() {
    std::vector<DatabaseChange> changes;
    for (;;) {
        const std::unique_ptr<PGnotify, decltype(&PQfreemem)> one(PQnotifies(connection()), PQfreemem);
        if (!one) return changes;
        const std::string text = one->extra;
        const auto blank = text.find(' ');
        Poco::Int64 number = 0;
        if (blank != std::string::npos && Poco::NumberParser::tryParse64(text.substr(0, blank), number))
            changes.push_back({number, text.substr(blank + 1)});
    }
}

Poco::Int64 PostgresDatabase::changeNumber() {
    if (!_isInTransaction) connectIfNeedBe();
    return Poco::NumberParser::parse64(
        ask(link(), "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM change_number"));
}

} // namespace connector

extern "C" connector::Database* newPostgresDatabase(const connector::DatabaseLocation& location,
                                                    std::chrono::milliseconds busy,
                                                    connector::DatabaseAccess access) {
    return new connector::PostgresDatabase(location, busy, access);
}
