#include "pipe/PublicPipe.h"

namespace connector {

PublicPipe::PublicPipe(PipeEnvironment& environment_, const Mapping& mapping_)
    : Pipe(environment_, mapping_),
      _agents(loop(), environment(), mapping().endpoint1, nameOf(mapping().endpoint1), "agent",
              /*holdsPayload*/ false, *this),
      _visitors(loop(), environment(), nameOf(mapping().endpoint2), "visitor", *this) {}

Acceptor& PublicPipe::acceptorAt(std::size_t index) {
    if (index == 0) return _agents;
    return _visitors;
}

void PublicPipe::closeConnections() {
    _agents.closeAll();
    _visitors.closeAll();
}

void PublicPipe::addTo(PipeStatus& status) const {
    status.agentsWaiting[0] = _agents.waitingCount();
    status.visitorsWaiting = _visitors.waitingCount();
}

void PublicPipe::onAgentAvailable(AgentEndpoint&) {
    joinAvailable();
}

void PublicPipe::onVisitorReady() {
    joinAvailable();
}

void PublicPipe::joinAvailable() {
    if (!_agents.hasWaiting() || !_visitors.hasReady()) return;
    auto agent = _agents.takeWaiting();
    join(std::move(agent), _visitors.takeReady());
}

} // namespace connector
