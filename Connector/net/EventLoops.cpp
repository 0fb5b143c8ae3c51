#include "net/EventLoops.h"

namespace connector {

EventLoops::EventLoops(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i)
        _loops.push_back(std::make_unique<EventLoop>());
    for (auto& loop : _loops)
        _threads.emplace_back([&loop = *loop] { loop.run(); });
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

EventLoop& EventLoops::leastBusy(EventLoop& mine) {
    EventLoop* best = &mine;
    for (auto& loop : _loops)
        if (loop->load() < best->load()) best = loop.get();
    return *best;
}

} // namespace connector
