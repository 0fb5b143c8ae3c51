#pragma once

#include "base/Descriptor.h"

#include <string>

namespace connector {

/// One command at a time does what it is for: another one waits for as long as this lives.
class FileLock {
  public:
    /// path: the file or folder that the commands have in common; it must be there. Throws CommandError when
    /// it can't be opened or locked.
    explicit FileLock(const std::string& path);

  private:
    Descriptor _descriptor;
};

} // namespace connector
