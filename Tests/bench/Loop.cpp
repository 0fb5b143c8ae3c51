#include "Loop.h"

#include <cerrno>
#include <system_error>
#include <unistd.h>

namespace bench {

namespace {

/// How soon a thread notices that it is to end; nothing else waits for it.
constexpr int kStopCheckMs = 50;

} // namespace

Loop::Loop() : _epoll(::epoll_create1(EPOLL_CLOEXEC)) {
    if (_epoll < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
}

Loop::~Loop() {
    ::close(_epoll);
}

std::jthread Loop::start() {
    return std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void Loop::add(int descriptor, std::uint32_t events, Watcher& watcher) {
    epoll_event event{.events = events, .data = {.ptr = &watcher}};
    if (::epoll_ctl(_epoll, EPOLL_CTL_ADD, descriptor, &event) != 0)
        throw std::system_error(errno, std::generic_category(), "epoll_ctl");
}

void Loop::change(int descriptor, std::uint32_t events, Watcher& watcher) {
    epoll_event event{.events = events, .data = {.ptr = &watcher}};
    ::epoll_ctl(_epoll, EPOLL_CTL_MOD, descriptor, &event);
}

void Loop::run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        const int count =
            ::epoll_wait(_epoll, _events.data(), static_cast<int>(_events.size()), kStopCheckMs);
        for (int i = 0; i < count; ++i) {
            const auto& event = _events[static_cast<std::size_t>(i)];
            static_cast<Watcher*>(event.data.ptr)->onEvents(event.events);
        }
        _retired.clear();
    }
}

} // namespace bench
