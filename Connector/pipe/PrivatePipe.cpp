#include "pipe/PrivatePipe.h"

#include <algorithm>

namespace connector {

PrivatePipe::PrivatePipe(PipeEnvironment& environment_, const Mapping& mapping_)
    : Pipe(environment_, mapping_),
      _agents1(loop(), environment(), mapping().endpoint1, nameOf(mapping().endpoint1), "port1's agent",
               /*mayBegin*/ true, *this),
      _agents2(loop(), environment(), mapping().endpoint2, nameOf(mapping().endpoint2), "port2's agent",
               /*mayBegin*/ true, *this) {}

Acceptor& PrivatePipe::acceptorAt(std::size_t index) {
    return at(index);
}

void PrivatePipe::closeConnections() {
    _agents1.closeAll();
    _agents2.closeAll();
}

void PrivatePipe::addTo(PipeStatus& status) const {
    status.agentsWaiting = {_agents1.waitingCount(), _agents2.waitingCount()};
}

LastUse PrivatePipe::lastUseHere() const {
    return {std::max(_agents1.lastConnected(), _agents2.lastConnected()), 0};
}

void PrivatePipe::putBack(RelayPeer peer) {
    at(peer.side).putBack(std::move(peer));
}

void PrivatePipe::drop(RelayPeer peer, const std::string& why) {
    at(peer.side).drop(std::move(peer), why);
}

void PrivatePipe::onAgentAvailable(AgentEndpoint&) {
    beginAvailable();
}

bool PrivatePipe::beginNext() {
    return beginFrom(0) || beginFrom(1);
}

bool PrivatePipe::beginFrom(std::size_t side) {
    if (!at(side).hasHolding()) return false;
    auto agent = at(1 - side).takeWaiting();
    if (!agent) return false;
    auto opener = at(side).takeHolding();
    opener.side = side;
    agent->side = 1 - side;
    begin(std::move(opener), std::move(*agent));
    return true;
}

AgentEndpoint& PrivatePipe::at(std::size_t side) {
    return side == 0 ? _agents1 : _agents2;
}

} // namespace connector
