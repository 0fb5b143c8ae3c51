#include "agent/OpeningPipe.h"

#include <limits>

namespace connector {

namespace {

/// What Connector says when nobody on the other side has taken the stream, nor seen what came with it.
constexpr int kNobodyThere = 503;

/// How long a Connector that has said so comes after all others.
constexpr std::chrono::seconds kAvoided{30};

} // namespace

OpeningPipe::OpeningPipe(PipeEnvironment& environment_, const AgentPipeSettings& settings,
                         const Poco::Net::Context::Ptr& tls)
    : SessionPipe(environment_, settings, Http2Session::Role::Opens, tls),
      _access(environment(), VisitorSettings()),
      _clients(loop(), environment(), _access, name(), "client", lifeline(), *this),
      _listeners(listenLocally(environment_.sockets(), settings, environment_.limits()->backlog)),
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

/// The other side may not be connected to all Connectors: one where others wait for an answer may have nobody
/// there, however few its streams are.
Pipe2Connection* OpeningPipe::bestConnection() {
    const auto since = loop().now() - kAvoided;
    return connections().best([&](const Pipe2Connection& connection) {
        return hasRefusedSince(since, connection) ? std::numeric_limits<int>::max() : connection.unanswered();
    });
}

bool OpeningPipe::hasRefusedSince(EventLoop::Clock::time_point then,
                                  const Pipe2Connection& connection) const {
    const auto refused = _refusedAt.find(connection.peerName());
    return refused != _refusedAt.end() && refused->second >= then;
}

bool OpeningPipe::beginNext() {
    auto* connection = bestConnection();
    if (!connection) return false;
    const bool isSpoken = _clients.findSpoken();
    if (!isSpoken && !_clients.hasSilent()) return false;
    connections().use(*connection);
    _openings.begin(isSpoken ? _clients.takeSpoken() : _clients.takeSilent(), *connection);
    return true;
}

/// What is there goes to a Connector that has refused nobody since the client came; so each is asked once.
void OpeningPipe::onRefused(RelayPeer opener, const Opening::Refusal& refusal) {
    if (refusal.status == kNobodyThere && !refusal.by.empty()) {
        _refusedAt[refusal.by] = loop().now();
        auto* other = bestConnection();
        if (other && !hasRefusedSince(opener.since, *other)) {
            connections().use(*other);
            return _openings.begin(std::move(opener), *other);
        }
    }
    _clients.drop(std::move(opener), "Connector refused it: " + refusal.reason);
}

void OpeningPipe::onNotProcessed(RelayPeer opener, const std::string& why) {
    if (isDraining())
        _clients.drop(std::move(opener), why);
    else
        _clients.putBack(std::move(opener));
}

} // namespace connector
