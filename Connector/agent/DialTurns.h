#pragma once

#include <cstddef>
#include <deque>

namespace connector {

/// Lets only so many of a pipe's connections be made at once. Lives on its pipe's loop.
class DialTurns {
  public:
    /// Whoever waits for a turn.
    class Waiter {
      public:
        virtual void onTurn() = 0;

      protected:
        ~Waiter() = default;
    };

    /// Turns at once. Connector has room for 256 connections of one port that are still to be authorized, and
    /// closes one of the address that has the most for one more; others may want to be among them.
    static constexpr std::size_t kTurns = 64;

    /// Calls the waiter when its turn comes, perhaps before it returns. It must exist until then, or
    /// withdraw.
    void request(Waiter& waiter);

    /// The waiter is not called any more.
    void withdraw(Waiter& waiter) { std::erase(_waiting, &waiter); }

    /// Gives a turn back.
    void done();

    /// Nobody is called any more, whoever waits or asks: those who wait are about to go, one after the other.
    void close();

  private:
    void giveTurns();

    std::deque<Waiter*> _waiting;
    std::size_t _taken = 0;
    bool _isGiving = false;
    bool _isClosed = false;
};

} // namespace connector
