#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <sys/epoll.h>
#include <thread>
#include <vector>

namespace bench {

/// Whoever waits for a descriptor. Level-triggered: hears again as long as it does not do anything about it.
class Watcher {
  public:
    virtual ~Watcher() = default;
    virtual void onEvents(std::uint32_t events) = 0;
};

/// One thread of the load generator. It shares no code with the product's loop, so that neither's faults hide
/// the other's. All but start() on its own thread, or while that does not run.
class Loop {
  public:
    Loop();

    ~Loop();

    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    /// Runs it on a thread that ends with what is returned.
    [[nodiscard]] std::jthread start();

    void add(int descriptor, std::uint32_t events, Watcher& watcher);
    void change(int descriptor, std::uint32_t events, Watcher& watcher);

    /// Destroys it when the events that were fetched with the current one are dealt with.
    void retire(std::unique_ptr<Watcher> watcher) { _retired.push_back(std::move(watcher)); }

  private:
    void run(const std::stop_token& stop);

    int _epoll;
    std::array<epoll_event, 512> _events;
    std::vector<std::unique_ptr<Watcher>> _retired;
};

} // namespace bench
