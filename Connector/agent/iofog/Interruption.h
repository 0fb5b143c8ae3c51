#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <set>

namespace connector {

/// Lets other threads end what one thread waits for: a rest, or sockets that it reads and writes. Any thread.
class Interruption {
  public:
    /// Makes a socket end when the thread is interrupted, as long as this object exists.
    class Watch {
      public:
        Watch(Interruption& interruption, int socket);
        ~Watch();
        Watch(const Watch&) = delete;
        Watch& operator=(const Watch&) = delete;

      private:
        Interruption& _interruption;
        const int _socket;
    };

    /// For good: from now on nothing waits.
    void stop();

    /// Ends the present work, and the rest after it: the thread shall begin anew at once.
    void interrupt();

    bool isStopped() const;

    /// Whether what has failed has failed because of that.
    bool isInterrupted() const;

    /// Waits so long, or until interrupted. False when it is time to stop.
    bool rest(std::chrono::milliseconds duration);

  private:
    void shutDownSockets() const;

    mutable std::mutex _mutex;
    std::condition_variable _changed;
    bool _isStopped = false;
    bool _isInterrupted = false; ///< and has not rested since
    std::set<int> _sockets;
};

} // namespace connector
