#pragma once

#include "net/EventLoop.h"
#include "net/Timer.h"

#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <string>

namespace connector {

/// Somebody who has work to do on the loop.
class TurnTaker {
  public:
    /// Its turn has come.
    virtual void onTurn() = 0;

  protected:
    ~TurnTaker() = default;
};

/// Shares a loop's time among addresses whose connections cause work as often as they like, such as TLS
/// handshakes: whichever address has had the least of it lately has the next turn. So one that asks for
/// little does not wait for those that ask for much. Nobody's turns keep the loop from its other work for
/// long. On the loop's thread.
class FairTurns final : private EventHandler {
  public:
    /// The loop must outlive the object.
    explicit FairTurns(EventLoop& loop);
    ~FairTurns();

    /// owner: whose time it is, as ownerOf() has it. It gets one turn, and must not wait already. It is not
    /// owned.
    void wait(const std::string& owner, TurnTaker& taker);

    /// It wants no turn any more, if it did.
    void forget(const std::string& owner, TurnTaker& taker);

  private:
    using Clock = EventLoop::Clock;

    void onEvents(std::uint32_t events) override;
    void runOne();
    void forgetTimes();

    EventLoop& _loop;
    std::map<std::string, std::deque<TurnTaker*>> _waiting; ///< by owner; none is empty
    /// What each owner has had, halved every second; little enough is forgotten.
    std::map<std::string, Clock::duration> _had;
    Timer _halve;
};

} // namespace connector
