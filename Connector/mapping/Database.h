#pragma once

#include "mapping/DatabaseChange.h"
#include "mapping/LastUseRecord.h"
#include "mapping/StorageError.h"

#include <Poco/Data/Session.h>
#include <Poco/Exception.h>
#include <Poco/Nullable.h>

#include <chrono>
#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

namespace connector {

/// What differs between the databases that a MappingStore may use: how a session is opened and its tables
/// made, how a transaction is begun, and what errors mean. All functions throw StorageError of the right
/// kind; one thread, unless it is said otherwise.
class Database {
  public:
    Database() = default;
    virtual ~Database() = default;
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;

    /// To read what is committed, and what the transaction under way has written.
    virtual Poco::Data::Session& readable() = 0;
    /// For the transaction under way.
    virtual Poco::Data::Session& writable() = 0;

    /// What one of the sessions has thrown, as the StorageError that it means.
    virtual std::exception_ptr meaningOf(const Poco::Exception& error) = 0;

    /// Returns what the function does, and throws what its exceptions mean.
    template <class Function>
    auto translated(Function&& function) {
        try {
            return function();
        } catch (const Poco::Exception& error) {
            std::rethrow_exception(meaningOf(error));
        }
    }

    /// From here to commit() or rollback() no other process writes. Opens what is not open.
    virtual void begin() = 0;
    virtual void commit() = 0;
    /// Also when the transaction has ended already, by an error.
    virtual void rollback() noexcept = 0;
    /// A transaction that some errors end: false after those.
    virtual bool isInTransaction() = 0;
    /// A statement without values, in the transaction.
    virtual void execute(const std::string& statement) = 0;

    /// For $1, $2 and so on; null stands for NULL, and numbers are digits.
    using Values = std::vector<Poco::Nullable<std::string>>;
    /// A statement that gives no rows, in the transaction. Returns how many rows it has written.
    virtual std::size_t write(const std::string& statement, const Values& values) = 0;

    /// As MappingStore::setLastUse() says. Each id is there once.
    virtual void setLastUse(const std::vector<LastUseRecord>& records) = 0;

    /// Writes what changes nothing, in the transaction.
    virtual void tryToWrite() = 0;

    /// Whether it has its tables: one that may only be read is not given any.
    virtual bool hasTables() { return true; }

    /// What keeps other processes out; it stays the database's. -1 when nothing does.
    virtual int lockDescriptor() const { return -1; }
    /// Closes what begin() opens again, and still keeps other processes out.
    virtual void suspend() = 0;
    /// For good.
    virtual void close() = 0;

    /// Any thread: locks of others are waited for so long from now on.
    virtual void limitBusy(std::chrono::milliseconds busy) = 0;
    /// Any thread: has what is under way fail, and all that follows, too.
    virtual void interrupt() = 0;

    // Of a shared one, see MappingStore:

    virtual void listen() { throw std::logic_error("this database is not shared"); }
    virtual std::vector<DatabaseChange> awaitChanges(std::chrono::milliseconds /*atMost*/, int /*wake*/) {
        throw std::logic_error("this database is not shared");
    }
    virtual Poco::Int64 changeNumber() { throw std::logic_error("this database is not shared"); }
};

} // namespace connector
