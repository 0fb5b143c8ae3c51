#include "net/EventLoop.h"

#include "net/Timer.h"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <future>
#include <limits>
#include <sys/eventfd.h>
#include <system_error>

namespace connector {

namespace {

int orThrow(int result, const char* what) {
    if (result < 0) throw std::system_error(errno, std::generic_category(), what);
    return result;
}

} // namespace

EventLoop::EventLoop()
    : _epoll(orThrow(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")),
      _wakeup(orThrow(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd")), _scratch(kScratchSize) {
    epoll_event event{};
    event.events = EPOLLIN | EPOLLET; // edge-triggered: nobody has to read the counter
    event.data.ptr = nullptr;
    orThrow(::epoll_ctl(_epoll.get(), EPOLL_CTL_ADD, _wakeup.get(), &event), "epoll_ctl");
}

EventLoop::~EventLoop() {
    _posted.clear();
    destroy();
    assert(_timers.empty());
}

void EventLoop::run() {
    _thread = std::this_thread::get_id();
    while (!_stopping.load(std::memory_order_acquire)) {
        dispatch(_again.empty() && !_postedHere ? timeoutOfNextTimer() : 0);
        runAgain();
        runTimers();
        destroy();
        runPosted();
        destroy(); // whose descriptors may be watched still, and must not be in the next dispatch()
    }
    _thread = std::thread::id();
}

void EventLoop::stop() {
    post([this] { _stopping.store(true, std::memory_order_release); });
}

void EventLoop::post(std::function<void()> function) {
    bool wasEmpty = false;
    {
        const std::lock_guard lock(_postedMutex);
        wasEmpty = _posted.empty();
        _posted.push_back(std::move(function));
    }
    if (isInLoopThread())
        _postedHere = true;
    else if (wasEmpty)
        ::eventfd_write(_wakeup.get(), 1);
}

void EventLoop::runThere(const std::function<void()>& function) {
    std::promise<void> done;
    post([&] {
        function();
        done.set_value();
    });
    done.get_future().wait();
}

bool EventLoop::add(int descriptor, EventHandler& handler) {
    assertInLoopThread();
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLPRI | EPOLLRDHUP | EPOLLET;
    event.data.ptr = &handler;
    return ::epoll_ctl(_epoll.get(), EPOLL_CTL_ADD, descriptor, &event) == 0;
}

void EventLoop::remove(int descriptor, EventHandler& handler) {
    ::epoll_ctl(_epoll.get(), EPOLL_CTL_DEL, descriptor, nullptr);
    forget(handler);
}

void EventLoop::again(EventHandler& handler) {
    assertInLoopThread();
    if (std::find(_again.begin(), _again.end(), &handler) == _again.end()) _again.push_back(&handler);
}

void EventLoop::destroyLater(std::shared_ptr<void> object) {
    assertInLoopThread();
    _destroyed.push_back(std::move(object));
}

/// What they leave to be destroyed, too.
void EventLoop::destroy() {
    while (!_destroyed.empty()) {
        _destroying.swap(_destroyed);
        _destroying.clear();
    }
}

int EventLoop::fetchEvents(int timeout) {
    _busy.store(_busy.load(std::memory_order_relaxed) + (Clock::now() - _now), std::memory_order_relaxed);
    _roundBegan.store({}, std::memory_order_relaxed);
    const int fetched = ::epoll_wait(_epoll.get(), _events.data(), static_cast<int>(_events.size()), timeout);
    _now = Clock::now();
    _roundBegan.store(_now, std::memory_order_relaxed);
    return fetched;
}

EventLoop::Clock::duration EventLoop::roundTime() const {
    const auto began = _roundBegan.load(std::memory_order_relaxed);
    return began == Clock::time_point() ? Clock::duration() : Clock::now() - began;
}

void EventLoop::dispatch(int timeout) {
    const int fetched = fetchEvents(timeout);
    _fetched = std::max(fetched, 0);
    for (int i = 0; i < _fetched; ++i) {
        const auto& event = _events[static_cast<std::size_t>(i)];
        if (auto* handler = static_cast<EventHandler*>(event.data.ptr)) handler->onEvents(event.events);
    }
    _fetched = 0;
}

void EventLoop::runAgain() {
    _againNow.swap(_again);
    for (std::size_t i = 0; i < _againNow.size(); ++i)
        if (_againNow[i]) _againNow[i]->onEvents(0);
    _againNow.clear();
}

void EventLoop::runTimers() {
    while (!_timers.empty() && _timers.begin()->first <= _now)
        _timers.begin()->second->fire();
}

void EventLoop::runPosted() {
    std::vector<std::function<void()>> posted;
    _postedHere = false;
    {
        const std::lock_guard lock(_postedMutex);
        posted.swap(_posted);
    }
    for (auto& function : posted)
        function();
}

int EventLoop::timeoutOfNextTimer() const {
    if (_timers.empty()) return -1;
    const auto left = _timers.begin()->first - Clock::now();
    const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(left).count();
    return static_cast<int>(std::clamp<std::int64_t>(milliseconds, 0, std::numeric_limits<int>::max()));
}

void EventLoop::forget(EventHandler& handler) {
    assertInLoopThread();
    for (int i = 0; i < _fetched; ++i)
        if (_events[static_cast<std::size_t>(i)].data.ptr == &handler)
            _events[static_cast<std::size_t>(i)].data.ptr = nullptr;
    std::erase(_again, &handler);
    std::replace(_againNow.begin(), _againNow.end(), &handler, static_cast<EventHandler*>(nullptr));
}

} // namespace connector
