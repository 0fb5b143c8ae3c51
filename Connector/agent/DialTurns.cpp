#include "agent/DialTurns.h"

namespace connector {

void DialTurns::request(Waiter& waiter) {
    if (_isClosed) return;
    _waiting.push_back(&waiter);
    giveTurns();
}

void DialTurns::done() {
    --_taken;
    giveTurns();
}

void DialTurns::close() {
    _isClosed = true;
    _waiting.clear();
}

/// Waiters that are done at once must not nest ten thousand calls: the outermost one gives all turns.
void DialTurns::giveTurns() {
    if (_isGiving) return;
    _isGiving = true;
    while (!_waiting.empty() && _taken < kTurns) {
        auto& waiter = *_waiting.front();
        _waiting.pop_front();
        ++_taken;
        waiter.onTurn();
    }
    _isGiving = false;
}

} // namespace connector
