#pragma once

#include "net/EventLoops.h"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <thread>

namespace connector {

/// Tells the service manager that the process is alive, for as long as all event loops are: before each time,
/// every loop must have run a function that was posted to it. A loop that is stuck ends that, and the service
/// manager restarts the process. Has a thread of its own, and none where no service manager watches.
///
/// The database and the API are not asked: a disk that hangs is no reason to break the relays.
class Watchdog {
  public:
    /// loops must outlive the watchdog.
    explicit Watchdog(EventLoops& loops);
    ~Watchdog();

    Watchdog(const Watchdog&) = delete;
    Watchdog& operator=(const Watchdog&) = delete;

  private:
    /// Shared with the functions on the loops, which may run when the watchdog is gone.
    struct Round {
        std::mutex mutex;
        std::condition_variable changed;
        std::size_t unanswered = 0; ///< loops
        bool stopping = false;
    };

    void run(std::chrono::microseconds pause);
    void askLoops();

    EventLoops& _loops;
    const std::shared_ptr<Round> _round = std::make_shared<Round>();
    std::thread _thread;
};

} // namespace connector
