#pragma once

#include "base/Descriptor.h"
#include "mapping/Database.h"
#include "mapping/DatabaseLocation.h"
#include "mapping/PostgresModule.h"

#include <atomic>
#include <memory>
#include <mutex>
#include <string>

struct pg_conn;

namespace connector {

struct PostgresLink;

/// A database of a PostgreSQL server, which other Connectors may use at the same time. It has one connection.
/// One that is found broken is replaced by whatever is done next, unless a transaction is under way. One
/// Connector writes at a time, as with SQLite: there are no deadlocks, and a transaction sees all that was
/// committed before it has begun.
class PostgresDatabase : public Database {
  public:
    /// Does not connect. Throws StorageError when the URI is wrong.
    PostgresDatabase(const DatabaseLocation& location, std::chrono::milliseconds busy, DatabaseAccess access);
    ~PostgresDatabase() override;

    Poco::Data::Session& readable() override;
    Poco::Data::Session& writable() override;
    std::exception_ptr meaningOf(const Poco::Exception& error) override;
    void begin() override;
    void commit() override;
    void rollback() noexcept override;
    bool isInTransaction() override;
    void execute(const std::string& statement) override;
    std::size_t write(const std::string& statement, const Values& values) override;
    void setLastUse(const std::vector<LastUseRecord>& records) override;
    void tryToWrite() override;
    bool hasTables() override;
    void suspend() override;
    void close() override;
    void limitBusy(std::chrono::milliseconds busy) override;
    void interrupt() override;
    void listen() override;
    std::vector<DatabaseChange> awaitChanges(std::chrono::milliseconds atMost, int wake) override;
    Poco::Int64 changeNumber() override;

  private:
    pg_conn* connection() const;
    PostgresLink link() const;
    bool isConnected() const;
    void connectIfNeedBe();
    void connect();
    void prepare();
    void limitSession();
    void beginHere();
    void note(Descriptor socket);
    [[noreturn]] void throwUnreachable() const;
    std::vector<DatabaseChange> takeChanges();

    const DatabaseLocation _location;
    const std::string _name; ///< for messages
    DatabaseAccess _access;  ///< Make until it has connected once
    std::atomic<std::chrono::milliseconds> _busy;
    std::chrono::milliseconds _sessionBusy{0};     ///< what the session has been told
    std::unique_ptr<Poco::Data::Session> _session; ///< null until it has been connected once
    bool _isInTransaction = false;                 ///< also when the connection has broken in it
    bool _isListening = false;
    std::atomic<bool> _isOver = false; ///< interrupted or closed
    Descriptor _wakeup;                ///< can be read once it is interrupted
    std::mutex _mutex;                 ///< for:
    Descriptor _socket{-1};            ///< the connection's, a copy: to end it from any thread
};

} // namespace connector
