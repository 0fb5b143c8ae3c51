#pragma once

#include "net/EventLoops.h"
#include "net/HandshakeCounts.h"
#include "pipe/HandshakeTurns.h"

#include <map>
#include <memory>
#include <mutex>

namespace connector {

/// Where the handshakes of the process are done. Any thread.
class Handshakes {
  public:
    /// loops: must outlive what is done on them.
    explicit Handshakes(EventLoops& loops) : _loops(loops) {}

    /// A loop that has less to do than `home`, else that.
    EventLoop& leastBusy(EventLoop& home) const { return _loops.leastBusy(home, 0); }

    /// Those of a pipe's loop, or of one that leastBusy() has returned.
    HandshakeTurns& turnsOf(EventLoop& loop) {
        const std::lock_guard lock(_mutex);
        auto& turns = _turns[&loop];
        if (!turns) turns = std::make_shared<HandshakeTurns>(loop);
        return *turns;
    }

    /// What has come of them.
    HandshakeCounts& counts() { return _counts; }
    const HandshakeCounts& counts() const { return _counts; }

  private:
    EventLoops& _loops;
    HandshakeCounts _counts;
    std::mutex _mutex; ///< for what follows
    std::map<const EventLoop*, std::shared_ptr<HandshakeTurns>> _turns;
};

} // namespace connector
