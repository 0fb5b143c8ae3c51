#include "pipe/PublicPipe.h"

namespace connector {

namespace {

/// How often an idle relay may give way to visitors that wait.
constexpr std::chrono::milliseconds kGiveWay{100};

} // namespace

PublicPipe::PublicPipe(PipeEnvironment& environment_, const Mapping& mapping_)
    : Pipe(environment_, mapping_),
      _agents(loop(), environment(), mapping().endpoint1, namesOf(mapping().endpoint1, mapping().endpoint2),
              {.role = "agent", .mayBegin = false, .side = 0}, lifeline(), *this),
      _access(environment(), mapping().visitors),
      _visitors(loop(), environment(), _access, nameOf(mapping().endpoint2), "visitor", lifeline(), *this),
      _givingWay(loop(), [this] { giveWay(); }) {}

Acceptor& PublicPipe::acceptorAt(std::size_t index) {
    if (index == 0) return _agents.entrance();
    return _visitors;
}

void PublicPipe::closeConnections() {
    _agents.closeAll();
    _visitors.closeAll();
    _givingWay.cancel();
}

/// For a visitor whose handshake or PROXY header is not done, or that says nothing, agents are kept for a
/// short time only: the other process has visitors that speak.
bool PublicPipe::leave(EventLoop::Clock::duration since) {
    stopListening(1);
    if (!mapping().hasPorts && _agents.connectedCount() == 0) _visitors.closeAll(); // agents go to the front
    const auto& limits = *environment().limits();
    const auto waiting = static_cast<std::size_t>(_visitors.waitingCount()) + enteringCount(1);
    const auto wanted = (since < limits.drainSilence ? waiting : _visitors.readyCount()) +
                        static_cast<std::size_t>(openingCount());
    if (wanted <= static_cast<std::size_t>(_agents.waitingCount())) stopListening(0);
    const bool hasAgents = _agents.leave(wanted);
    return waiting > 0 || openingCount() > 0 || hasAgents;
}

void PublicPipe::addTo(PipeStatus& status) const {
    status.agentsConnected[0] = _agents.connectedCount();
    status.agentsWaiting[0] = _agents.waitingCount();
    status.visitorsWaiting = _visitors.waitingCount();
    status.visitorsAdmitted = _visitors.admitted();
    status.visitorsRefused = _visitors.refused();
    status.visitorWaits = _visitors.waits().snapshot();
    status.refusesPlainVisitors = !_access.isAllowed();
}

void PublicPipe::report(const std::shared_ptr<ConnectionQuery>& query) const {
    _agents.report(query);
    _visitors.report(*query);
}

bool PublicPipe::endWaiting(std::uint64_t number, const std::string& why,
                            const std::shared_ptr<ConnectionQuery>& query) {
    return _agents.end(number, why, query) || _visitors.end(number, why, *query);
}

std::vector<std::shared_ptr<Pipe2Connection>> PublicPipe::pipe2Connections() const {
    return _agents.pipe2Connections();
}

LastUse PublicPipe::lastUseHere() const {
    const auto visitor = relayCount() > 0 ? timestampNow() : _lastVisitor.load(std::memory_order_relaxed);
    return {_agents.lastConnected(), visitor};
}

void PublicPipe::onChanged() {
    _agents.change(mapping().endpoint1, namesOf(mapping().endpoint1, mapping().endpoint2));
    _access.change(mapping().visitors);
    _visitors.change(nameOf(mapping().endpoint2), traffic());
}

bool PublicPipe::beginNext() {
    // To agents of PIPE/1 a visitor that says nothing can't be announced.
    const bool isSpoken = hasPartner() && _visitors.findSpoken();
    if (!isSpoken && _visitors.hasReady() && !_givingWay.isRunning()) _givingWay.start(kGiveWay);
    if (!isSpoken && !_visitors.hasSilent()) return false;
    auto agent = isSpoken ? _agents.takePartner() : _agents.takePipe2Partner();
    if (!agent) return false;
    auto visitor = isSpoken ? _visitors.takeSpoken() : _visitors.takeSilent();
    visitor.side = 1;
    visitor.onLeaving = [this](RelayPeer::Outcome) { noteVisitor(); };
    begin(std::move(visitor), std::move(*agent));
    return true;
}

void PublicPipe::putBack(RelayPeer opener) {
    _visitors.putBack(std::move(opener));
}

void PublicPipe::drop(RelayPeer opener, const std::string& why) {
    _visitors.drop(std::move(opener), why);
}

void PublicPipe::onAgentAvailable(AgentEndpoint&) {
    beginAvailable();
}

void PublicPipe::onVisitorReady() {
    noteVisitor();
    beginAvailable();
}

bool PublicPipe::hasPartner() const {
    return _agents.hasPartner();
}

/// While visitors wait and no agent is free, relays that have long been idle are ended for them, those of the
/// address that has the most: else somebody who only keeps connections open could close the mapping to all.
void PublicPipe::giveWay() {
    if (hasPartner() || !_visitors.hasReady()) {
        _gaveWay = 0;
        return;
    }
    _givingWay.start(kGiveWay);
    if (_gaveWay >= _visitors.waitingCount()) return;
    const auto busier = _visitors.busierThanNext();
    if (!busier.empty() && onNoPlace(busier)) ++_gaveWay;
}

bool PublicPipe::onNoPlace(const std::string& address) {
    return endIdleRelay(1, address);
}

void PublicPipe::noteVisitor() {
    _lastVisitor.store(timestampNow(), std::memory_order_relaxed);
}

} // namespace connector
