#pragma once

#include "base/Descriptor.h"
#include "mapping/Database.h"

#include <memory>
#include <string>

namespace connector {

class DatabaseLock;

/// A SQLite database in WAL mode with synchronous=FULL, which one process may write.
class SqliteDatabase : public Database {
  public:
    /// As MappingStore's constructor says.
    SqliteDatabase(const std::string& path, std::chrono::milliseconds busy, Descriptor lock);

    /// As MappingStore::openToRead() says.
    static std::unique_ptr<SqliteDatabase> openToRead(const std::string& path,
                                                      std::chrono::milliseconds busy);

    ~SqliteDatabase() override;

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
    int lockDescriptor() const override;
    void suspend() override;
    void close() override;
    void limitBusy(std::chrono::milliseconds busy) override;
    void interrupt() override;

  private:
    class LockWait;

    SqliteDatabase(const std::string& path, std::unique_ptr<LockWait> wait,
                   std::unique_ptr<Poco::Data::Session> session);

    void open();
    void openToWrite();
    void exchangeSession(std::unique_ptr<Poco::Data::Session> session);

    std::string _path;
    std::unique_ptr<DatabaseLock> _lock;
    std::unique_ptr<LockWait> _wait;               ///< outlives the sessions
    std::unique_ptr<Poco::Data::Session> _session; ///< null while the disk was too full to open it
    std::unique_ptr<Poco::Data::Session> _reader;  ///< in its stead then, until it is tried again
};

} // namespace connector
