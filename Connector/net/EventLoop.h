#pragma once

#include "base/Descriptor.h"

#include <array>
#include <atomic>
#include <cassert>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <sys/epoll.h>
#include <thread>
#include <vector>

namespace connector {

class Timer;

/// Whoever waits for a descriptor to become ready.
class EventHandler {
  public:
    /// events: epoll's bits, edge-triggered; 0 when the call was asked for with EventLoop::again().
    virtual void onEvents(std::uint32_t events) = 0;

  protected:
    ~EventHandler() = default;
};

/// One thread's epoll loop: descriptors, timers, and functions posted from other threads.
///
/// Descriptors are registered once for all events, edge-triggered, so that waiting for something else never
/// costs a system call. Unless a function says otherwise it may be called on the loop's own thread only, or
/// on any one thread before run() and after it has returned.
class EventLoop {
  public:
    using Clock = std::chrono::steady_clock;

    /// Where handlers receive into before they pass bytes on: large, because the cost of a relay is the
    /// number of system calls, and one per loop, so that an idle connection costs none of it. Valid within
    /// one callback.
    static constexpr std::size_t kScratchSize = 512 * 1024;

    /// Throws std::system_error when the kernel gives no descriptors.
    EventLoop();
    ~EventLoop();

    EventLoop(const EventLoop&) = delete;
    EventLoop& operator=(const EventLoop&) = delete;

    /// Runs the loop on the calling thread until stop().
    void run();

    /// Any thread. Functions posted before it are still run.
    void stop();

    bool isInLoopThread() const {
        return _thread.load(std::memory_order_relaxed) == std::this_thread::get_id();
    }

    /// For functions that must run where the loop's own may be called: on its thread, or anywhere while it
    /// does not run. Checks it in builds with assertions (Debug, and so the sanitized ones), else nothing.
    void assertInLoopThread() const { assert(isInLoopThread() || _thread.load() == std::thread::id()); }

    /// Any thread: runs the function on the loop, after what was posted before it.
    void post(std::function<void()> function);

    /// The same, and returns when it is done. Not on the loop's thread, and while it runs.
    void runThere(const std::function<void()>& function);

    /// The handler hears of all events of the descriptor until remove(); the first call comes at once if it
    /// is ready. The handler is not owned. False when the kernel has no room for another watch (errno says
    /// why).
    bool add(int descriptor, EventHandler& handler);

    /// The handler is not called again, not even for events that the loop has already fetched. To be called
    /// before the descriptor goes to another loop, and before it is closed: a process that is just being
    /// started has copies of all descriptors for a moment (Upgrade), and the kernel forgets a watch with the
    /// last copy only.
    void remove(int descriptor, EventHandler& handler);

    /// The same for a handler whose descriptor is not watched.
    void forget(EventHandler& handler);

    /// Calls the handler again, with no events, after the others that are ready: for one that stops in the
    /// middle of its work so as not to keep the rest waiting.
    void again(EventHandler& handler);

    /// Destroys the object when the current round of callbacks is over, before any function posted from now
    /// on runs: for objects that end inside their own callback.
    void destroyLater(std::shared_ptr<void> object);

    /// The time at which the current round of callbacks began.
    Clock::time_point now() const { return _now; }

    std::span<std::byte> scratch() { return _scratch; }

    /// Any thread: how much work the loop has been given, in relays.
    int load() const { return _load.load(std::memory_order_relaxed); }
    void addLoad(int relays) { _load.fetch_add(relays, std::memory_order_relaxed); }

    /// Any thread: how long all rounds of callbacks have taken that are over.
    Clock::duration busy() const { return _busy.load(std::memory_order_relaxed); }

    /// Any thread: how long the current one has taken by now; 0 while the loop waits for events.
    Clock::duration roundTime() const;

  private:
    friend class Timer;
    using Timers = std::multimap<Clock::time_point, Timer*>;

    void destroy();
    void runPosted();
    void runAgain();
    void runTimers();
    void dispatch(int timeout);
    int fetchEvents(int timeout);
    int timeoutOfNextTimer() const;

    Descriptor _epoll;
    Descriptor _wakeup;
    std::atomic<std::thread::id> _thread;
    std::atomic<bool> _stopping{false};
    std::atomic<int> _load{0};
    Clock::time_point _now = Clock::now();
    std::atomic<Clock::duration> _busy{};
    std::atomic<Clock::time_point> _roundBegan{}; ///< the epoch while it waits
    Timers _timers;
    std::vector<EventHandler*> _again;
    std::vector<EventHandler*> _againNow;
    std::array<epoll_event, 256> _events;
    int _fetched = 0;
    std::vector<std::shared_ptr<void>> _destroyed;
    std::vector<std::shared_ptr<void>> _destroying;
    std::vector<std::byte> _scratch;
    std::mutex _postedMutex;
    std::vector<std::function<void()>> _posted;
    bool _postedHere = false; ///< by the loop's own thread, which needs no waking
};

} // namespace connector
