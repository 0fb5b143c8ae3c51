#pragma once

#include <stdexcept>

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

/// Another program has locked the database. Nothing was written.
class StorageLocked : public StorageError {
  public:
    using StorageError::StorageError;
};

} // namespace connector
