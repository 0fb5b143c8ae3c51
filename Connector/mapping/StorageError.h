#pragma once

#include <stdexcept>
#include <string>

namespace connector {

/// The database refused; what() says which one and why.
class StorageError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};
/// The disk, or the quota, is full. Nothing was written.
class StorageFull : public StorageError {
  public:
    using StorageError::StorageError;
};

/// Another program has locked the database. Nothing was written.
class StorageLocked : public StorageError {
  public:
    using StorageError::StorageError;
};

/// The server of a shared database is not there, has ended the connection, lets nobody in, or can only be
/// read. Nothing was written.
class StorageUnreachable : public StorageError {
  public:
    using StorageError::StorageError;
};

/// The connection broke while the server was to commit: whether it has is not known.
class StorageUncertain : public StorageUnreachable {
  public:
    using StorageUnreachable::StorageUnreachable;
};

/// Another mapping has one of the ports. Nothing was written.
class StoragePortTaken : public StorageError {
  public:
    explicit StoragePortTaken(const std::string& what, int port = 0) : StorageError(what), _port(port) {}

    /// 0: one of the two.
    int port() const { return _port; }

  private:
    int _port;
};

/// Another mapping has the name. Nothing was written.
class StorageNameTaken : public StorageError {
  public:
    using StorageError::StorageError;
};

/// The row is not, or not any more, as it was said to be: another Connector has changed or removed it.
/// Nothing was written.
class StorageOutdated : public StorageError {
  public:
    using StorageError::StorageError;
};

} // namespace connector
