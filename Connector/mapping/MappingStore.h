#pragma once

#include "base/Descriptor.h"
#include "mapping/DatabaseChange.h"
#include "mapping/DatabaseLocation.h"
#include "mapping/LastUseRecord.h"
#include "mapping/MappingRow.h"
#include "mapping/StorageError.h"
#include "model/Mapping.h"

#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace connector {

/// How long another program's lock on the database is waited for, unless it is said otherwise.
inline constexpr std::chrono::milliseconds kDatabaseBusy{2000};

class Database;

/// The mappings on disk: in a SQLite database of this machine's, or in one of a PostgreSQL server's, which
/// many Connectors share. What a function has returned from survives kill -9 and a power cut. Not thread
/// safe.
///
/// One that is shared connects when it is first used, and again when it is used after StorageUnreachable,
/// which every function may throw then.
class MappingStore {
  public:
    /// Opens a SQLite database, or creates it with mode 0600 when there is none. Another process that has it
    /// open, a file that is not a database, is damaged, comes from a newer version or can't be written:
    /// throws StorageError and leaves the file as it was. On a full disk an existing one is read all the
    /// same, and can't be written until a Transaction finds room. busy: how long a lock of another program is
    /// waited for. lock: lockDescriptor() of the process that this one replaces, or none.
    explicit MappingStore(const std::string& path, std::chrono::milliseconds busy = kDatabaseBusy,
                          Descriptor lock = Descriptor(-1));

    /// What becomes of a shared database that has no tables.
    enum class Tables {
        Make,       ///< when the first connection finds none
        MustBeThere ///< without them it is StorageUnreachable, as they are lost, or not restored yet
    };

    /// For a database with a URI. Throws StorageError when what speaks to its server is not installed, or
    /// when the URI is not one.
    static MappingStore openShared(const DatabaseLocation& location, std::chrono::milliseconds busy,
                                   Tables tables);

    /// Opens a database that exists, whether or not a server uses it, to read it only; nothing of it is
    /// changed. Throws StorageError as above.
    static MappingStore openToRead(const std::string& path);

    /// The same for one with a URI; nothing when it has no tables yet. Throws StorageUnreachable, too.
    static std::optional<MappingStore> openSharedToRead(const DatabaseLocation& location);

    MappingStore(MappingStore&& other) noexcept;
    ~MappingStore();

    /// Any thread: another program's lock is waited for so long from now on.
    void limitBusy(std::chrono::milliseconds busy);

    /// Whether a server, or an import, has the SQLite database open for writing; nobody is kept from opening
    /// it by the question. False when there is none. Throws StorageError when the file can't be opened.
    static bool isInUse(const std::string& path);

    /// Whether other Connectors may have it open, too.
    bool isShared() const { return _isShared; }

    struct Rows {
        std::vector<Mapping> mappings; ///< whose rows are as they were written
        /// Whose rows have a wrong checksum, as their bytes have changed on the disk: id, name and ports
        /// alone, which the database compares with its indexes.
        std::vector<Mapping> damaged;
    };

    /// All of them, ordered by id.
    Rows load();

    /// Those of them that there are, in any order. Damaged ones are logged, once.
    Rows load(const std::set<std::string>& ids);

    /// A row as it is at the moment.
    struct RowMark {
        std::string id;
        std::string checksum; ///< checksumOf() the mapping, unless it is damaged
    };
    /// Of all rows, damaged or not, ordered by id.
    std::vector<RowMark> marks();

    /// Ports that were given back, the one given back first in front.
    std::vector<std::uint16_t> releasedPorts();

    /// Inserts all of them or, when it throws, none.
    void insertAll(const std::vector<Mapping>& mappings);

    /// What keeps other processes out; it stays the store's. -1 when it is shared.
    int lockDescriptor() const;

    /// Closes the database, which may wait for the disk, but still keeps other processes out. The next
    /// Transaction opens it again.
    void suspend();

    // Of one that is shared:

    using Change = DatabaseChange;

    /// Hears of changes from now on, by anybody; connects anew if need be.
    void listen();

    /// After listen(): waits until there are changes, until atMost is over, or until the descriptor `wake`
    /// can be read. In the order in which they were committed.
    std::vector<Change> awaitChanges(std::chrono::milliseconds atMost, int wake);

    /// That of the latest committed change, or higher.
    Poco::Int64 changeNumber();

    /// Several writes that are committed together.
    class Transaction;

    // Inside of a Transaction:

    /// Throws StoragePortTaken, StorageNameTaken.
    void insert(const Mapping& mapping);

    /// Removes the mapping and remembers its ports as the last ones given back. Throws StorageOutdated.
    void remove(const Mapping& mapping);

    /// The same for one that may be gone, or damaged: then its ports are all that is needed beside its id.
    void removeIfThere(const Mapping& mapping);

    /// Removes what there is under that id, and remembers nothing.
    void forget(const std::string& id);

    /// Replaces all of the mapping `before`, which has the same id, but for when it was last in use. Ports
    /// that it has no more are remembered as the last ones given back. Throws StorageOutdated,
    /// StoragePortTaken, StorageNameTaken.
    void replace(const Mapping& before, const Mapping& mapping);

    /// Has times of last use that are later than those known replace them: of all mappings or, when it
    /// throws, of none. One that has been removed meanwhile is left out. Each id may be there once.
    void setLastUse(const std::vector<LastUseRecord>& records);

    /// Writes what changes nothing, to see whether anything can be written.
    void tryToWrite();

    // On any thread:

    /// Has what is under way fail, unless it waits for the disk, and all that follows, too.
    void interrupt();

    /// Closes the database, for good; that may wait for the disk.
    void close();

  private:
    MappingStore(std::unique_ptr<Database> database, bool isShared);

    void loadInto(Rows& rows, const std::string& condition, const std::set<std::string>& ids);
    void releasePorts(const Mapping& mapping, const Mapping& keeper);

    std::unique_ptr<Database> _database;
    bool _isShared;
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
    /// when the whole transaction is over by that, or when it is of the whole database: StorageUnreachable,
    /// StorageFull.
    std::exception_ptr apply(const std::function<void(MappingStore&)>& write);

    /// Throws as above, and then nothing is written; or StorageUncertain.
    void commit();

  private:
    MappingStore& _store;
    Database& _database;
    bool _isOver = false;
};

} // namespace connector
