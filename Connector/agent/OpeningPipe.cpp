#include "agent/OpeningPipe.h"

namespace connector {

OpeningPipe::OpeningPipe(PipeEnvironment& environment_, const AgentPipeSettings& settings,
                         const Poco::Net::Context::Ptr& tls)
    : SessionPipe(environment_, settings, Http2Session::Role::Opens, tls),
      _access(environment(), VisitorSettings()),
      _clients(loop(), environment(), _access, name(), "client", lifeline(), *this),
      _listeners(listenLocally(settings, environment_.limits()->backlog)),
      _openings(loop(), lifeline(), relays(), "Connector", static_cast<Openings::Owner&>(*this)) {}

void OpeningPipe::startLocal() {
    startAll(_listeners, loop(), _clients, name());
}

void OpeningPipe::stopLocal() {
    _listeners.clear();
    _clients.closeAll();
}

bool OpeningPipe::hasPartner() const {
    return connections().hasUsable();
}

/// What a beginning makes available again is begun with by the call that is under way, not by one within it.
void OpeningPipe::beginAvailable() {
    if (_isBeginning) return;
    _isBeginning = true;
    while (beginNext()) {
    }
    _isBeginning = false;
}

bool OpeningPipe::beginNext() {
    auto* connection = connections().best();
    if (!connection) return false;
    const bool isSpoken = _clients.findSpoken();
    if (!isSpoken && !_clients.hasSilent()) return false;
    connections().use(*connection);
    _openings.begin(isSpoken ? _clients.takeSpoken() : _clients.takeSilent(), *connection);
    return true;
}

void OpeningPipe::onRefused(RelayPeer opener, const Opening::Refusal& refusal) {
    _clients.drop(std::move(opener), "Connector refused it: " + refusal.reason);
}

void OpeningPipe::onNotProcessed(RelayPeer opener, const std::string& why) {
    if (isDraining())
        _clients.drop(std::move(opener), why);
    else
        _clients.putBack(std::move(opener));
}

} // namespace connector
