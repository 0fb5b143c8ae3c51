#include "pipe/PrivatePipe.h"

namespace connector {

PrivatePipe::PrivatePipe(PipeEnvironment& environment_, const Mapping& mapping_)
    : Pipe(environment_, mapping_),
      _agents1(loop(), environment(), mapping().endpoint1, nameOf(mapping().endpoint1), "port1's agent",
               /*holdsPayload*/ true, *this),
      _agents2(loop(), environment(), mapping().endpoint2, nameOf(mapping().endpoint2), "port2's agent",
               /*holdsPayload*/ true, *this) {}

Acceptor& PrivatePipe::acceptorAt(std::size_t index) {
    return index == 0 ? _agents1 : _agents2;
}

void PrivatePipe::closeConnections() {
    _agents1.closeAll();
    _agents2.closeAll();
}

void PrivatePipe::addTo(PipeStatus& status) const {
    status.agentsWaiting = {_agents1.waitingCount(), _agents2.waitingCount()};
}

/// At any time only one side holds payload while the other waits, for as soon as there is such a pair it is
/// joined.
void PrivatePipe::onAgentAvailable(AgentEndpoint&) {
    // Port1's agent is the relay's first end whoever begins, for that is what bytes are counted by.
    if (_agents1.hasHolding() && _agents2.hasWaiting())
        join(_agents1.takeHolding(), _agents2.takeWaiting());
    else if (_agents2.hasHolding() && _agents1.hasWaiting())
        join(_agents1.takeWaiting(), _agents2.takeHolding());
}

} // namespace connector
