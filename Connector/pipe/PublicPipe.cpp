#include "pipe/PublicPipe.h"

namespace connector {

PublicPipe::PublicPipe(PipeEnvironment& environment_, const Mapping& mapping_)
    : Pipe(environment_, mapping_),
      _agents(loop(), environment(), mapping().endpoint1, nameOf(mapping().endpoint1), "agent",
              /*mayBegin*/ false, *this),
      _access(environment(), mapping().visitors),
      _visitors(loop(), environment(), _access, nameOf(mapping().endpoint2), "visitor", *this) {}

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
    if (!_access.isAllowed()) status.degraded = true;
}

LastUse PublicPipe::lastUseHere() const {
    const auto visitor = relayCount() > 0 ? timestampNow() : _lastVisitor.load(std::memory_order_relaxed);
    return {_agents.lastConnected(), visitor};
}

void PublicPipe::onVisitorsSet() {
    _access.change(mapping().visitors);
}

bool PublicPipe::beginNext() {
    // To those of PIPE/1 a visitor that says nothing can't be announced.
    const bool isSpoken = _agents.hasWaiting() && _visitors.findSpoken();
    if (!isSpoken && !_visitors.hasSilent()) return false;
    auto agent = isSpoken ? _agents.takeWaiting() : _agents.takeWaitingPipe2();
    if (!agent) return false;
    auto visitor = isSpoken ? _visitors.takeSpoken() : _visitors.takeSilent();
    visitor.side = 1;
    visitor.onLeaving = [this](RelayPeer::Outcome) { noteVisitor(); };
    begin(std::move(visitor), std::move(*agent));
    return true;
}

void PublicPipe::putBack(RelayPeer peer) {
    if (peer.side == 0)
        _agents.putBack(std::move(peer));
    else
        _visitors.putBack(std::move(peer));
}

void PublicPipe::drop(RelayPeer peer, const std::string& why) {
    if (peer.side == 0)
        _agents.drop(std::move(peer), why);
    else
        _visitors.drop(std::move(peer), why);
}

void PublicPipe::onAgentAvailable(AgentEndpoint&) {
    beginAvailable();
}

void PublicPipe::onVisitorReady() {
    noteVisitor();
    beginAvailable();
}

bool PublicPipe::hasPartner() const {
    return _agents.hasWaiting();
}

void PublicPipe::noteVisitor() {
    _lastVisitor.store(timestampNow(), std::memory_order_relaxed);
}

} // namespace connector
