#pragma once

#include "mapping/LastUseRecord.h"
#include "model/Mapping.h"

#include <Poco/Data/Session.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace connector {

/// The database refused; what() says which file and why.
class StorageError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};
/// The disk, or the quota, is full. Nothing was written.
class StorageFull : public StorageError {
  public:
    using StorageError::StorageError;
};

/// The mappings on disk: one SQLite database in WAL mode with synchronous=FULL, so that what a function has
/// returned from survives kill -9 and a power cut. Not thread safe.
class MappingStore {
  public:
    /// Opens the database, or creates it with mode 0600 when there is none. Another process that has it open,
    /// a file that is not a database, is damaged, comes from a newer version or can't be written: throws
    /// StorageError and leaves the file as it was.
    explicit MappingStore(const std::string& path);

    /// Opens a database that exists, whether or not a server uses it, to read it only; nothing of it is
    /// changed. Throws StorageError as above.
    static MappingStore openToRead(const std::string& path);

    MappingStore(MappingStore&& other) noexcept;
    ~MappingStore();

    /// Whether a server, or an import, has the database open for writing; nobody is kept from opening it by
    /// the question. False when there is none. Throws StorageError when the file can't be opened.
    static bool isInUse(const std::string& path);

    /// All mappings, ordered by id.
    std::vector<Mapping> load();

    /// Ports that were given back, the one given back first in front.
    std::vector<std::uint16_t> releasedPorts();

    /// Inserts all of them or, when it throws, none.
    void insertAll(const std::vector<Mapping>& mappings);

    /// Removes the mapping and remembers its ports as the last ones given back.
    void remove(const Mapping& mapping);

    /// Replaces all of the mapping `before`, which has the same id. Ports that it has no more are remembered
    /// as the last ones given back.
    void replace(const Mapping& before, const Mapping& mapping);

    /// Replaces when mappings were last in use: of all of them or, when it throws, of none. One that has been
    /// removed meanwhile is left out.
    void setLastUse(const std::vector<LastUseRecord>& records);

  private:
    class FileLock;

    MappingStore(const std::string& path, std::unique_ptr<Poco::Data::Session> session);

    void insertRow(const Mapping& mapping);
    void deleteRow(const Mapping& mapping);
    void releasePort(int port);

    std::string _path;
    std::unique_ptr<FileLock> _lock;
    std::unique_ptr<Poco::Data::Session> _session;
};

} // namespace connector
