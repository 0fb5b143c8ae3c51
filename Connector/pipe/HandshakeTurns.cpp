#include "pipe/HandshakeTurns.h"

namespace connector {

void HandshakeTurns::request(Waiter& waiter, const std::string& owner, bool isKnown) {
    _loop.assertInLoopThread();
    auto& queue = _queues[isKnown ? 1 : 0];
    const auto found = queue.byOwner.find(owner);
    if (found != queue.byOwner.end()) {
        found->second->second.push_back(&waiter);
    } else {
        queue.owners.emplace_back(owner, std::deque<Waiter*>{&waiter});
        queue.byOwner.emplace(owner, std::prev(queue.owners.end()));
    }
    schedule();
}

void HandshakeTurns::withdraw(Waiter& waiter, const std::string& owner, bool isKnown) {
    _loop.assertInLoopThread();
    auto& queue = _queues[isKnown ? 1 : 0];
    const auto found = queue.byOwner.find(owner);
    if (found == queue.byOwner.end()) return;
    std::erase(found->second->second, &waiter);
    if (!found->second->second.empty()) return;
    queue.owners.erase(found->second);
    queue.byOwner.erase(found);
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
        next().onTurn();
        if (EventLoop::Clock::now() - begun >= share) break;
    }
    schedule();
}

/// Only while it is not empty.
HandshakeTurns::Waiter& HandshakeTurns::next() {
    _turn = 1 - _turn;
    if (_queues[_turn].owners.empty()) _turn = 1 - _turn;
    auto& queue = _queues[_turn];
    auto& [owner, waiters] = queue.owners.front();
    auto& waiter = *waiters.front();
    waiters.pop_front();
    if (waiters.empty()) {
        queue.byOwner.erase(owner);
        queue.owners.pop_front();
    } else {
        queue.owners.splice(queue.owners.end(), queue.owners, queue.owners.begin());
    }
    return waiter;
}

} // namespace connector
