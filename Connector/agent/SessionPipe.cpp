#include "agent/SessionPipe.h"

#include "protocol/Greeting.h"

#include <algorithm>

namespace connector {

namespace {

/// So many signs of life fit into Connector's threshold, so that a late one does no harm.
constexpr int kSignsPerThreshold = 3;

/// Connector waits for the other side as long as an agent may take to answer: it should be the first to say
/// that nobody came.
constexpr std::chrono::milliseconds kConnectorsAnswer{2000};

} // namespace

SessionPipe::SessionPipe(PipeEnvironment& environment_, const AgentPipeSettings& settings_,
                         Http2Session::Role role, const Poco::Net::Context::Ptr& tls_, PipeWatcher* watcher_)
    : AgentPipe(environment_, settings_, tls_, watcher_), _role(role),
      _hosts(loop(), resolver(), log(), name(), static_cast<ConnectorHosts::Owner&>(*this)),
      _shared{.loop = loop(),
              .resolver = resolver(),
              .log = log(),
              .name = name(),
              .greeting = Greeting::ofPipe2(settings_.passcode, role == Http2Session::Role::Opens),
              .owner = static_cast<ConnectorLink::Owner&>(*this)} {}

SessionPipe::~SessionPipe() = default;

void SessionPipe::startConnections() {
    _hosts.follow(settings());
}

void SessionPipe::changeConnections(bool isNewTrust) {
    if (isNewTrust)
        for (const auto& link : _links)
            link->renewTls(tls());
    _hosts.follow(settings());
}

void SessionPipe::drainConnections() {
    _hosts.stop();
    _links.clear();
    _connections.goAwayAll();
}

void SessionPipe::abortConnections() {
    _connections.endAll("the agent stops");
}

void SessionPipe::onAddresses(const ConnectorAddresses& addresses) {
    _addresses = addresses;
    for (const auto& address : addresses) {
        const auto isIts = [&](const auto& link) { return link->address() == address; };
        if (std::any_of(_links.begin(), _links.end(), isIts)) continue;
        _links.push_back(std::make_unique<ConnectorLink>(_shared, settings(), address, tls()));
        _links.back()->start();
    }
    for (const auto& link : _links)
        if (!isWanted(*link))
            log().information("%s: %s is to go when another address is connected", name(),
                              link->address().toString());
    letOldOnesGo();
    onConnectionsChanged();
}

bool SessionPipe::isWanted(const ConnectorLink& link) const {
    return std::find(_addresses.begin(), _addresses.end(), link.address()) != _addresses.end();
}

/// Only when there is another one that is connected.
void SessionPipe::letOldOnesGo() {
    if (std::none_of(_links.begin(), _links.end(),
                     [&](const auto& link) { return isWanted(*link) && link->isConnected(); }))
        return;
    const auto gone = std::stable_partition(_links.begin(), _links.end(),
                                            [&](const auto& link) { return isWanted(*link); });
    for (auto link = gone; link != _links.end(); ++link) {
        log().notice("%s: %s is no address of it any more; what runs there goes on to its end", name(),
                     (*link)->address().toString());
        (*link)->letGo();
    }
    _links.erase(gone, _links.end());
}

std::shared_ptr<Pipe2Connection> SessionPipe::makeConnection(const ConnectorLink& link,
                                                             const Authorization& authorization) {
    const auto wanted = authorization.heartbeat / kSignsPerThreshold;
    const auto frequency = settings().heartbeatFrequency;
    const auto pingAfter = wanted.count() > 0 ? std::min(wanted, frequency) : frequency;
    Pipe2Connection::Settings connectionSettings{
        .home = loop(),
        .loop = _connections.placeAmong(environment().loops(), loop()),
        .role = _role,
        .liveness = {pingAfter, settings().heartbeatAbsenceThreshold},
        .authority = link.authority(),
        .openLimit = environment().limits()->open + kConnectorsAnswer,
        .context = environment().http2(),
        .hold = lifeline().hold()};
    _connections.add(std::make_shared<Pipe2Connection>(std::move(connectionSettings),
                                                       static_cast<Pipe2Connection::Owner&>(*this)));
    return _connections.all().back();
}

/// One that is to go leaves its Connector to another address of it.
bool SessionPipe::isHeldElsewhere(const ConnectorLink& link, const std::string& instance) const {
    return !instance.empty() && std::any_of(_links.begin(), _links.end(), [&](const auto& other) {
        return other.get() != &link && isWanted(*other) && other->holds(instance);
    });
}

bool SessionPipe::isConnectedElsewhere(const ConnectorLink& link) const {
    return std::any_of(_links.begin(), _links.end(),
                       [&](const auto& other) { return other.get() != &link && other->isConnected(); });
}

void SessionPipe::onConnected() {
    if (watcher()) watcher()->onConnected();
    letOldOnesGo();
    onAvailable();
}

/// One that is dead for good is no reason to ask for names all the time.
void SessionPipe::onNotConnected(const ConnectorLink& link, const std::string& why) {
    if (std::any_of(_links.begin(), _links.end(), [](const auto& any) { return any->isConnected(); })) return;
    if (watcher()) watcher()->onNotConnected(link.address().toString(), why);
    _hosts.lookSoon();
}

void SessionPipe::onGoingAway(Pipe2Connection& connection) {
    for (const auto& link : _links)
        if (link->onGoingAway(connection)) return onConnectionsChanged();
}

void SessionPipe::onManyStreams(Pipe2Connection& connection) {
    for (const auto& link : _links)
        if (link->onManyStreams(connection)) return;
}

void SessionPipe::onEnded(Pipe2Connection& connection, const std::string& why) {
    for (const auto& link : _links)
        if (link->onEnded(connection, why)) {
            if (watcher()) watcher()->onNotConnected(link->address().toString(), why);
            _hosts.lookSoon();
            onConnectionsChanged();
            break;
        }
    _connections.remove(connection);
}

/// The Connector of a link in reserve may have lost the link that was connected to it.
void SessionPipe::onConnectionsChanged() {
    for (const auto& link : _links)
        link->onConnectionsChanged();
}

} // namespace connector
