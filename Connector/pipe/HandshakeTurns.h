#pragma once

#include "net/EventLoop.h"
#include "pipe/TurnsByAddress.h"

#include <array>
#include <memory>
#include <string>

namespace connector {

/// Lets the handshakes on one loop compute in turn, by the addresses that they are with, so that one with a
/// thousand handshakes delays another's by no more than one. Those of agents whose address was authorized
/// lately take every second turn. In each round of the loop they take no longer together than all else has
/// taken, or one step. Lives on the loop.
class HandshakeTurns final : public std::enable_shared_from_this<HandshakeTurns> {
  public:
    /// A handshake that can go on.
    class Waiter {
      public:
        virtual void onTurn() = 0;

        /// Where it is kept until then.
        TurnsByAddress<Waiter*>::List::iterator position;

      protected:
        ~Waiter() = default;
    };

    explicit HandshakeTurns(EventLoop& loop) : _loop(loop) {}

    /// Calls the waiter once, later. It must exist until then, or withdraw.
    void request(Waiter& waiter, const std::string& owner, bool isKnown);

    /// The waiter is not called any more.
    void withdraw(Waiter& waiter, const std::string& owner, bool isKnown);

  private:
    using Turns = TurnsByAddress<Waiter*>;

    bool isEmpty() const { return _turns[0].isEmpty() && _turns[1].isEmpty(); }
    void schedule();
    void run();
    Waiter& takeNext();

    EventLoop& _loop;
    std::array<Turns, 2> _turns; ///< of those whose address is not known, and of those whose is
    std::size_t _turn = 0;       ///< whose it was last
    bool _isScheduled = false;
};

} // namespace connector
