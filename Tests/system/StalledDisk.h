#pragma once

#include "ConnectorSetup.h"

#include <string>

namespace connector::test {

/// A disk that can stall under a Connector: what has been written does not reach it until it goes on.
class StalledDisk {
  public:
    /// The setup's processes have it from now on.
    explicit StalledDisk(ConnectorSetup& setup);

    void stall() const;
    /// Returns when a process waits for it.
    void waitForVictim() const;
    void goOn() const;

  private:
    std::string _file;
};

} // namespace connector::test
