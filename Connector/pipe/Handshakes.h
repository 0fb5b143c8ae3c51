#pragma once

#include "net/EventLoops.h"
#include "pipe/HandshakeTurns.h"

#include <map>
#include <memory>

namespace connector {

/// Where the handshakes of the process are done. Any thread.
class Handshakes {
  public:
    /// loops: must outlive what is done on them.
    explicit Handshakes(EventLoops& loops);

    /// A loop that has less to do than `home`, else that.
    EventLoop& leastBusy(EventLoop& home) const { return _loops.leastBusy(home, 0); }

    HandshakeTurns& turnsOf(EventLoop& loop) const { return *_turns.at(&loop); }

  private:
    EventLoops& _loops;
    std::map<const EventLoop*, std::shared_ptr<HandshakeTurns>> _turns;
};

inline Handshakes::Handshakes(EventLoops& loops) : _loops(loops) {
    for (std::size_t i = 0; i < loops.size(); ++i)
        _turns.emplace(&loops.at(i), std::make_shared<HandshakeTurns>(loops.at(i)));
}

} // namespace connector
