#pragma once

#include "net/EventLoops.h"
#include "pipe/Pipe2Connection.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace connector {

/// The connections of PIPE/2 that a pipe has to one of its sides, and the choice between them. Lives on the
/// pipe's loop.
class Pipe2Connections {
  public:
    void add(std::shared_ptr<Pipe2Connection> connection);

    /// False when it is not there.
    bool remove(const Pipe2Connection& connection);

    /// The one that the next stream is opened on: that with the fewest streams, of several the one that was
    /// chosen the longest ago; one that is silent only when all are. Null when none is usable.
    Pipe2Connection* best() const {
        return best([](const Pipe2Connection&) { return 0; });
    }

    /// The same among those with the least drawback.
    Pipe2Connection* best(const std::function<int(const Pipe2Connection&)>& drawbackOf) const;

    /// Takes note that it was chosen.
    void use(Pipe2Connection& connection) { connection.lastUsed = ++_uses; }

    bool hasUsable() const { return best() != nullptr; }

    bool isEmpty() const { return _connections.empty(); }

    /// Where the next connection is to run: the loop with the fewest of them, `home` rather than others.
    EventLoop& placeAmong(EventLoops& loops, EventLoop& home) const;

    /// All of them, which end one after the other.
    void endAll(const std::string& why);
    void goAwayAll();

    const std::vector<std::shared_ptr<Pipe2Connection>>& all() const { return _connections; }

  private:
    std::vector<std::shared_ptr<Pipe2Connection>> _connections;
    std::uint64_t _uses = 0;
};

} // namespace connector
