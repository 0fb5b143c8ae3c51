#pragma once

#include "base/Descriptor.h"

#include <string>

namespace connector {

/// Keeps other processes out of a database for as long as it lives: a lock of the open file (fcntl(2),
/// F_OFD_SETLK) on its first byte. SQLite's own locks are POSIX locks on other bytes, which this does not
/// meet; but closing any descriptor of the file would drop them, so it is closed last.
class DatabaseLock {
  public:
    /// Creates the file, with mode 0600, when there is none. inherited: the descriptor of another process's
    /// lock, which has two owners from now on, and is free when both are gone; or -1. Throws StorageError:
    /// the file can't be opened for writing, another process has the lock, or the one inherited is of another
    /// file.
    DatabaseLock(const std::string& path, Descriptor inherited);

    /// To be inherited; it stays the lock's.
    int descriptor() const { return _descriptor.get(); }

    /// Whether some process has it. Only asks: to try it, even for a moment, would keep out a process that
    /// starts at that moment. False when there is no such file. Throws StorageError when it can't be opened.
    static bool isHeld(const std::string& path);

  private:
    Descriptor _descriptor;
};

} // namespace connector
