#pragma once

#include "base/Descriptor.h"

#include <string>

namespace connector {

/// Lets one command at a time do its work: others wait until this is destroyed.
class FileLock {
  public:
    /// path: the file or folder that the commands have in common; it must be there. Throws CommandError when
    /// it can't be opened or locked.
    explicit FileLock(const std::string& path);

  private:
    Descriptor _descriptor;
};

} // namespace connector
