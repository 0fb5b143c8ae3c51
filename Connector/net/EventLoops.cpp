#include "net/EventLoops.h"

#include <pthread.h>

namespace connector {

EventLoops::EventLoops(std::size_t count, const std::string& name) {
    for (std::size_t i = 0; i < count; ++i)
        _loops.push_back(std::make_unique<EventLoop>());
    for (auto& loop : _loops) {
        _threads.emplace_back([&loop = *loop] { loop.run(); });
        const auto numbered = name + "-" + std::to_string(_threads.size()); // for top(1), gdb(1) and the like
        ::pthread_setname_np(_threads.back().native_handle(), numbered.c_str());
    }
}

EventLoops::~EventLoops() {
    for (auto& loop : _loops)
        loop->stop();
    for (auto& thread : _threads)
        thread.join();
}

EventLoop& EventLoops::next() {
    return *_loops[_next.fetch_add(1, std::memory_order_relaxed) % _loops.size()];
}

EventLoop& EventLoops::leastBusy(EventLoop& mine, int slack) {
    EventLoop* best = &mine;
    for (auto& loop : _loops)
        if (loop->load() < best->load()) best = loop.get();
    return best->load() + slack < mine.load() ? *best : mine;
}

void EventLoops::postToAll(const std::function<void()>& function) {
    for (auto& loop : _loops)
        loop->post(function);
}

void EventLoops::passAll() {
    for (auto& loop : _loops)
        loop->runThere([] {});
}

} // namespace connector
