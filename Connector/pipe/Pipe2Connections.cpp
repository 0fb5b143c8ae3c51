#include "pipe/Pipe2Connections.h"

#include <algorithm>
#include <tuple>

namespace connector {

void Pipe2Connections::add(std::shared_ptr<Pipe2Connection> connection) {
    _connections.push_back(std::move(connection));
}

bool Pipe2Connections::remove(const Pipe2Connection& connection) {
    return std::erase_if(_connections, [&](const auto& mine) { return mine.get() == &connection; }) > 0;
}

Pipe2Connection* Pipe2Connections::best(const std::function<int(const Pipe2Connection&)>& drawbackOf) const {
    const auto rank = [&](const Pipe2Connection& connection) {
        return std::tuple(drawbackOf(connection), connection.isSilent(), connection.streams(),
                          connection.lastUsed);
    };
    Pipe2Connection* best = nullptr;
    for (const auto& connection : _connections)
        if (connection->isUsable() && (!best || rank(*connection) < rank(*best))) best = connection.get();
    return best;
}

EventLoop& Pipe2Connections::placeAmong(EventLoops& loops, EventLoop& home) const {
    const auto count = [&](const EventLoop& loop) {
        return std::count_if(_connections.begin(), _connections.end(),
                             [&](const auto& connection) { return &connection->loop() == &loop; });
    };
    auto* best = &home;
    for (std::size_t i = 0; i < loops.size(); ++i)
        if (count(loops.at(i)) < count(*best)) best = &loops.at(i);
    return *best;
}

/// Copies, as each may be removed meanwhile.
void Pipe2Connections::endAll(const std::string& why) {
    const auto connections = _connections;
    for (const auto& connection : connections)
        connection->end(why);
}

void Pipe2Connections::goAwayAll() {
    const auto connections = _connections;
    for (const auto& connection : connections)
        connection->goAway();
}

} // namespace connector
