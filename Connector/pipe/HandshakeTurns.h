#pragma once

#include "net/EventLoop.h"

#include <array>
#include <deque>
#include <list>
#include <map>
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

      protected:
        ~Waiter() = default;
    };

    explicit HandshakeTurns(EventLoop& loop) : _loop(loop) {}

    /// Calls the waiter once, later. It must exist until then, or withdraw.
    void request(Waiter& waiter, const std::string& owner, bool isKnown);

    /// The waiter is not called any more.
    void withdraw(Waiter& waiter, const std::string& owner, bool isKnown);

  private:
    /// In the order of their turns: the owners of addresses, and what each has waiting, which is never
    /// nothing.
    struct Queue {
        std::list<std::pair<std::string, std::deque<Waiter*>>> owners;
        std::map<std::string, decltype(owners)::iterator> byOwner;
    };

    bool isEmpty() const { return _queues[0].owners.empty() && _queues[1].owners.empty(); }
    void schedule();
    void run();
    Waiter& next();

    EventLoop& _loop;
    std::array<Queue, 2> _queues; ///< those whose address is not known, and those whose is
    std::size_t _turn = 0;        ///< of which queue it is
    bool _isScheduled = false;
};

} // namespace connector
