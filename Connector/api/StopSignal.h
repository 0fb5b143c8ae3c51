#pragma once

#include "base/Descriptor.h"

namespace connector {

/// Says once, to any number of threads that wait in poll(2), that it is time to stop.
class StopSignal {
  public:
    /// Throws std::system_error when the process has no descriptor left.
    StopSignal();

    /// Any thread; more than once does nothing more.
    void raise();

    bool isRaised() const;

    /// Readable from raise() on. Nobody may read it.
    int descriptor() const { return _descriptor.get(); }

  private:
    Descriptor _descriptor;
};

} // namespace connector
