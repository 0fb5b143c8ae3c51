#include "pipe/PrivatePipe.h"

#include <algorithm>

namespace connector {

namespace {

/// Told to an agent that opens streams when those on the other side do, too.
constexpr const char* kBothListen = "both sides listen; one must be \"role\": \"connect\"";

} // namespace

PrivatePipe::PrivatePipe(PipeEnvironment& environment_, const Mapping& mapping_)
    : Pipe(environment_, mapping_),
      _agents1(loop(), environment(), mapping().endpoint1, namesOf(mapping().endpoint1, mapping().endpoint2),
               {.role = "port1's agent", .mayBegin = true, .side = 0}, lifeline(), *this),
      _agents2(loop(), environment(), mapping().endpoint2, namesOf(mapping().endpoint2, mapping().endpoint1),
               {.role = "port2's agent", .mayBegin = true, .side = 1}, lifeline(), *this) {}

Acceptor& PrivatePipe::acceptorAt(std::size_t index) {
    return at(index).entrance();
}

void PrivatePipe::closeConnections() {
    _agents1.closeAll();
    _agents2.closeAll();
}

bool PrivatePipe::leave(EventLoop::Clock::duration since) {
    const bool isPatient = since < environment().limits()->visitorWait;
    bool isSomebodyLeft = false;
    for (const std::size_t side : {0U, 1U}) {
        auto& other = at(1 - side);
        if (!isPatient) other.dropHolding("another process serves its mapping, and nobody came to join it");
        const bool isWanted = other.hasHolding() || openingCount() > 0;
        if (!isWanted) stopListening(side);
        const bool hasAgents = at(side).leave(isWanted ? 1 : 0);
        isSomebodyLeft = isSomebodyLeft || isWanted || hasAgents;
    }
    return isSomebodyLeft;
}

void PrivatePipe::addTo(PipeStatus& status) const {
    status.agentsConnected = {_agents1.connectedCount(), _agents2.connectedCount()};
    status.agentsWaiting = {_agents1.waitingCount(), _agents2.waitingCount()};
}

void PrivatePipe::report(const std::shared_ptr<ConnectionQuery>& query) const {
    _agents1.report(query);
    _agents2.report(query);
}

bool PrivatePipe::endWaiting(std::uint64_t number, const std::string& why,
                             const std::shared_ptr<ConnectionQuery>& query) {
    return _agents1.end(number, why, query) || _agents2.end(number, why, query);
}

std::vector<std::shared_ptr<Pipe2Connection>> PrivatePipe::pipe2Connections() const {
    auto all = _agents1.pipe2Connections();
    const auto others = _agents2.pipe2Connections();
    all.insert(all.end(), others.begin(), others.end());
    return all;
}

LastUse PrivatePipe::lastUseHere() const {
    return {std::max(_agents1.lastConnected(), _agents2.lastConnected()), 0};
}

void PrivatePipe::onChanged() {
    _agents1.change(mapping().endpoint1, namesOf(mapping().endpoint1, mapping().endpoint2));
    _agents2.change(mapping().endpoint2, namesOf(mapping().endpoint2, mapping().endpoint1));
}

void PrivatePipe::putBack(RelayPeer opener) {
    at(opener.side).putBack(std::move(opener));
}

void PrivatePipe::drop(RelayPeer opener, const std::string& why) {
    at(opener.side).drop(std::move(opener), why);
}

void PrivatePipe::onAgentAvailable(AgentEndpoint&) {
    beginAvailable();
}

bool PrivatePipe::beginNext() {
    return beginFrom(0) || beginFrom(1);
}

bool PrivatePipe::beginFrom(std::size_t side) {
    if (!at(side).hasHolding()) return false;
    auto partner = at(1 - side).takePartner();
    if (!partner) {
        if (at(1 - side).onlyOpens()) at(side).refuseWaiting(kBothListen);
        return false;
    }
    auto opener = at(side).takeHolding();
    opener.side = side;
    if (auto* agent = std::get_if<RelayPeer>(&*partner)) agent->side = 1 - side;
    begin(std::move(opener), std::move(*partner));
    return true;
}

AgentEndpoint& PrivatePipe::at(std::size_t side) {
    return side == 0 ? _agents1 : _agents2;
}

} // namespace connector
