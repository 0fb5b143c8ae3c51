#include "net/Timer.h"

#include <algorithm>

namespace connector {

Timer::Timer(EventLoop& loop, std::function<void()> callback)
    : _loop(loop), _callback(std::move(callback)), _position(loop._timers.end()) {}

Timer::~Timer() {
    cancel();
}

void Timer::start(std::chrono::milliseconds delay) {
    _loop.assertInLoopThread();
    cancel();
    // At least one tick ahead: a timer that starts itself anew must not keep the loop from its descriptors.
    _position = _loop._timers.emplace(_loop.now() + std::max(delay, std::chrono::milliseconds(1)), this);
}

void Timer::cancel() {
    if (!isRunning()) return;
    _loop.assertInLoopThread();
    _loop._timers.erase(_position);
    _position = _loop._timers.end();
}

void Timer::fire() {
    cancel();
    _callback();
}

} // namespace connector
