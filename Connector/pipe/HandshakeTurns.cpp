#include "pipe/HandshakeTurns.h"

namespace connector {

void HandshakeTurns::request(Waiter& waiter, const std::string& owner, bool isKnown) {
    _loop.assertInLoopThread();
    waiter.position = _turns[isKnown ? 1 : 0].add(owner, &waiter);
    schedule();
}

void HandshakeTurns::withdraw(Waiter& waiter, const std::string& owner, bool isKnown) {
    _loop.assertInLoopThread();
    _turns[isKnown ? 1 : 0].take(owner, waiter.position);
}

void HandshakeTurns::schedule() {
    if (_isScheduled || isEmpty()) return;
    _isScheduled = true;
    _loop.post([self = shared_from_this()] { self->run(); });
}

void HandshakeTurns::run() {
    _isScheduled = false;
    const auto begun = EventLoop::Clock::now();
    const auto share = begun - _loop.now();
    while (!isEmpty()) {
        takeNext().onTurn();
        if (EventLoop::Clock::now() - begun >= share) break;
    }
    schedule();
}

/// Only while it is not empty.
HandshakeTurns::Waiter& HandshakeTurns::takeNext() {
    _turn = 1 - _turn;
    if (_turns[_turn].isEmpty()) _turn = 1 - _turn;
    return *_turns[_turn].takeNext();
}

} // namespace connector
