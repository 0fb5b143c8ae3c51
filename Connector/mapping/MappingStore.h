#pragma once

#include "mapping/LastUseRecord.h"
#include "mapping/StorageError.h"
#include "model/Mapping.h"

#include <Poco/Data/Session.h>

#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace connector {

/// How long another program's lock on the database is waited for, unless it is said otherwise.
inline constexpr std::chrono::milliseconds kDatabaseBusy{2000};

class DatabaseLock;

/// The mappings on disk: one SQLite database in WAL mode with synchronous=FULL, so that what a function has
/// returned from survives kill -9 and a power cut. Not thread safe.
class MappingStore {
  public:
    /// Opens the database, or creates it with mode 0600 when there is none. Another process that has it open,
    /// a file that is not a database, is damaged, comes from a newer version or can't be written: throws
    /// StorageError and leaves the file as it was. On a full disk an existing one is read all the same, and
    /// can't be written until a Transaction finds room. busy: how long a lock of another program is waited
    /// for.
    explicit MappingStore(const std::string& path, std::chrono::milliseconds busy = kDatabaseBusy);

    /// Any thread: another program's lock is waited for so long from now on.
    void limitBusy(std::chrono::milliseconds busy);

    /// Opens a database that exists, whether or not a server uses it, to read it only; nothing of it is
    /// changed. Throws StorageError as above.
    static MappingStore openToRead(const std::string& path);

    MappingStore(MappingStore&& other) noexcept;
    ~MappingStore();

    /// Whether a server, or an import, has the database open for writing; nobody is kept from opening it by
    /// the question. False when there is none. Throws StorageError when the file can't be opened.
    static bool isInUse(const std::string& path);

    /// All mappings whose rows are as they were written, ordered by id.
    std::vector<Mapping> load();

    /// Those whose rows have a wrong checksum, as their bytes have changed on the disk: id and ports alone,
    /// which SQLite compares with its indexes.
    std::vector<Mapping> loadDamaged();

    /// Ports that were given back, the one given back first in front.
    std::vector<std::uint16_t> releasedPorts();

    /// Inserts all of them or, when it throws, none.
    void insertAll(const std::vector<Mapping>& mappings);

    /// Several writes that are committed together.
    class Transaction;

    // Inside of a Transaction:

    void insert(const Mapping& mapping);

    /// Removes the mapping and remembers its ports as the last ones given back.
    void remove(const Mapping& mapping);

    /// Replaces all of the mapping `before`, which has the same id, but for when it was last in use. Ports
    /// that it has no more are remembered as the last ones given back.
    void replace(const Mapping& before, Mapping mapping);

    /// Replaces when mappings were last in use: of all of them or, when it throws, of none. One that has been
    /// removed meanwhile is left out.
    void setLastUse(const std::vector<LastUseRecord>& records);

    /// Writes what changes nothing, to see whether anything can be written.
    void tryToWrite();

    // On any thread:

    /// Has what is under way fail, unless it waits for the disk, and all that follows, too.
    void interrupt();

    /// Closes the database, for good; that may wait for the disk.
    void close();

  private:
    class LockWait;

    MappingStore(const std::string& path, std::unique_ptr<LockWait> wait,
                 std::unique_ptr<Poco::Data::Session> session);

    void open();
    void openToWrite();
    void exchangeSession(std::unique_ptr<Poco::Data::Session> session);
    Poco::Data::Session& readable();
    Poco::Data::Session& writable();
    LastUse storedUse(const std::string& id);
    void deleteRow(const Mapping& mapping);
    void releasePort(int port);

    std::string _path;
    std::unique_ptr<DatabaseLock> _lock;
    std::unique_ptr<LockWait> _wait;               ///< outlives the sessions
    std::unique_ptr<Poco::Data::Session> _session; ///< null while the disk was too full to open it
    std::unique_ptr<Poco::Data::Session> _reader;  ///< in its stead then, until it is tried again
};

/// All that is written until commit(), or nothing. One at a time, on one thread.
class MappingStore::Transaction {
  public:
    /// Waits for a lock that another program has, as long as the store may. Throws StorageLocked,
    /// StorageFull, StorageError.
    explicit Transaction(MappingStore& store);
    ~Transaction();
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;

    /// Makes one of the writes. What it fails with is returned, and then nothing of it is written; or thrown
    /// when the whole transaction is over by that.
    std::exception_ptr apply(const std::function<void(MappingStore&)>& write);

    /// Throws as above, and then nothing is written.
    void commit();

  private:
    void execute(const char* statement);

    MappingStore& _store;
    bool _isOver = false;
};

} // namespace connector
