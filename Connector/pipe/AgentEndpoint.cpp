#include "pipe/AgentEndpoint.h"

#include "net/PeerAddress.h"

#include <Poco/Format.h>

#include <algorithm>

namespace connector {

using State = AgentConnection::State;

namespace {

/// Of the agents that wait, in the order in which they are preferred.
constexpr std::array kWaiting{State::Waiting, State::Doubtful, State::LastResort};

/// A PING is sent after so much of the threshold for a peer's silence.
constexpr int kSignsPerThreshold = 3;

} // namespace

AgentEndpoint::AgentEndpoint(EventLoop& loop, PipeEnvironment& environment, const Endpoint& endpoint,
                             Names names, Settings settings, const Lifeline& lifeline, Owner& owner)
    : _loop(loop), _environment(environment), _endpoint(endpoint), _names(std::move(names)),
      _settings(settings), _lifeline(lifeline), _formerPasscode(loop, [this] { forgetFormerPasscode(); }),
      _context{loop,      environment.loops(), lifeline,           environment.limits(),
               _endpoint, _passcodes,          _settings.mayBegin, *this},
      _owner(owner), _waitingStreams(loop, environment.limits().visitorWait, _settings.role),
      _history(environment.limits().agentMemory), _slowed(loop, environment.limits(), *this),
      _log(Poco::Logger::get("pipe")), _endings(_log), _warnings(_log) {
    setPasscodes();
}

void AgentEndpoint::change(const Endpoint& endpoint, Names names) {
    _loop.assertInLoopThread();
    const bool isNewPasscode = endpoint.passcode != _endpoint.passcode;
    _endpoint = endpoint;
    _names = std::move(names);
    if (!isNewPasscode) return;
    forgetFormerPasscode();
    for (auto& list : _agents)
        for (auto& agent : list)
            agent->passcodeBecameFormer();
    for (const auto& connection : _connections.all())
        connection->usedFormerPasscode = true;
    setPasscodes();
}

void AgentEndpoint::setPasscodes() {
    const auto left = std::chrono::milliseconds(_endpoint.formerPasscodeUntil - timestampNow());
    _passcodes = {_endpoint.passcode, left.count() > 0 ? _endpoint.formerPasscode : ""};
    if (left.count() > 0)
        _formerPasscode.start(left);
    else
        forgetFormerPasscode();
}

/// Those whose greeting is not complete are judged by the passcodes that are good then.
void AgentEndpoint::forgetFormerPasscode() {
    constexpr const char* kWhy = "its passcode is not good any more";
    _formerPasscode.cancel();
    _passcodes.former.clear();
    for (auto& list : _agents)
        for (auto next = list.begin(); next != list.end();) {
            auto& agent = **next++;
            if (agent.usedFormerPasscode()) agent.end(kWhy);
        }
    const auto connections = _connections.all();
    for (const auto& connection : connections)
        if (connection->usedFormerPasscode) connection->goAway();
}

void AgentEndpoint::onAccepted(Descriptor socket, const Poco::Net::SocketAddress& peer,
                               DescriptorBudget::Lease lease) {
    _loop.assertInLoopThread();
    SlowedAddresses::Connection connection{std::move(socket), peer, std::move(lease)};
    if (_slowed.isSlowed(peer.host()))
        _slowed.park(std::move(connection));
    else
        open(std::move(connection), /*hasTurn*/ false);
}

void AgentEndpoint::onTurn(SlowedAddresses::Connection connection) {
    open(std::move(connection), /*hasTurn*/ true);
}

void AgentEndpoint::open(SlowedAddresses::Connection connection, bool hasTurn) {
    // A real agent greets within a round trip, so the oldest of many connections is the one least likely to
    // be one.
    auto& authorizing = listOf(State::Authorizing);
    if (authorizing.size() >= _environment.limits().authorizing)
        authorizing.front()->end(std::to_string(_environment.limits().authorizing) +
                                 " others are still to be authorized");
    auto stream =
        _environment.accept(std::move(connection.socket), connection.peer, std::move(connection.lease));
    if (stream) return add(std::make_unique<AgentConnection>(_context, std::move(stream), hasTurn)).start();
    logRejected(connection.peer, PipeEnvironment::kNoMemory);
    if (hasTurn) _slowed.turnIsOver(connection.peer.host(), /*wasRight*/ false);
}

bool AgentEndpoint::hasPartner() const {
    return nextWaiting() != nullptr || _connections.hasUsable();
}

std::optional<AgentEndpoint::Partner> AgentEndpoint::takePartner() {
    _loop.assertInLoopThread();
    auto* connection = _connections.best();
    const bool isIdle = connection && !connection->isSilent() && connection->streams() == 0;
    if (!isIdle)
        if (auto agent = takeWaiting()) return std::move(*agent);
    return takePipe2Partner();
}

std::optional<AgentEndpoint::Partner> AgentEndpoint::takePipe2Partner() {
    auto* connection = _connections.best();
    if (!connection) return std::nullopt;
    _connections.use(*connection);
    return connection->shared_from_this();
}

AgentConnection* AgentEndpoint::nextWaiting() const {
    for (const auto state : kWaiting)
        if (!listOf(state).empty()) return listOf(state).front().get();
    return nullptr;
}

std::optional<RelayPeer> AgentEndpoint::takeWaiting() {
    _loop.assertInLoopThread();
    while (auto* agent = nextWaiting())
        if (!moveBack(*agent) && agent->stillWaits()) return take(*agent);
    return std::nullopt;
}

/// Behind those that are to be preferred to it; false when it is in its place. To do it when it is next costs
/// less than to keep all of them in order.
bool AgentEndpoint::moveBack(AgentConnection& agent) {
    if (agent.state() == State::LastResort) return false;
    if (agent.isSilent())
        agent.moveTo(State::LastResort);
    else if (agent.state() == State::Waiting && _history.isDoubtful(agent.peer().host(), _loop.now()))
        agent.moveTo(State::Doubtful);
    else
        return false;
    return true;
}

RelayPeer AgentEndpoint::takeHolding() {
    _loop.assertInLoopThread();
    return hasHoldingPipe1() ? take(*listOf(State::Holding).front()) : _waitingStreams.take();
}

void AgentEndpoint::putBack(RelayPeer opener) {
    _loop.assertInLoopThread();
    if (opener.protocol == Protocol::Pipe2)
        _waitingStreams.putBack(std::move(opener));
    else
        add(std::make_unique<AgentConnection>(_context, std::move(opener))).start();
    _owner.onAgentAvailable(*this);
}

bool AgentEndpoint::onlyOpens() const {
    const bool isEmpty = waitingCount() == static_cast<int>(_connections.all().size());
    const auto opens = [](const auto& connection) {
        return connection->role() == Http2Session::Role::Serves;
    };
    return isEmpty && !_connections.isEmpty() &&
           std::all_of(_connections.all().begin(), _connections.all().end(), opens);
}

void AgentEndpoint::drop(RelayPeer agent, const std::string& why) {
    _loop.assertInLoopThread();
    const auto peer = agent.stream->peer();
    logLost(peer, why);
    _history.addLost(peer.host(), _loop.now());
    _hasDoubts.store(true, std::memory_order_relaxed);
    agent.onLeaving(RelayPeer::Outcome::Unknown);
    agent.stream->retire();
    agent.stream->resetOnClose();
    _loop.destroyLater(std::move(agent.stream));
}

void AgentEndpoint::closeAll() {
    _loop.assertInLoopThread();
    _slowed.clear();
    for (auto& list : _agents)
        while (!list.empty())
            close(*list.front());
    _waitingStreams.refuseAll("the mapping was closed");
    _connections.endAll("the mapping was closed");
    _leaving.endAll("the mapping was closed");
}

std::optional<AgentEndpoint::Admission> AgentEndpoint::admit(AgentConnection& agent) {
    if (_places.count() >= _context.endpoint.maxConnections) return std::nullopt;
    _places.enter();
    const auto& peer = agent.peer();
    if (_log.debug()) _log.debug("%s: agent %s authorized", _names.endpoint, peer.toString());
    return Admission{.mayBeStale = _history.hasSentStaleBytes(peer.host(), _loop.now()),
                     .isSuspect = _history.takeSuspect(peer.host(), _loop.now())};
}

/// Its place goes along; the answer is the last that is said before HTTP/2.
void AgentEndpoint::onPipe2(AgentConnection& agent, bool opens) {
    const bool usedFormerPasscode = agent.usedFormerPasscode();
    auto stream = agent.takeStream();
    if (agent.hasTurn()) _slowed.turnIsOver(stream->peer().host(), /*wasRight*/ true);
    forget(agent);
    stream->send(authorization().toString());
    const auto threshold = _context.endpoint.heartbeatAbsenceThreshold;
    Pipe2Connection::Settings settings{
        .home = _loop,
        .loop = _settings.mayBegin ? _loop : _connections.placeAmong(_environment.loops(), _loop),
        .role = opens ? Http2Session::Role::Serves : Http2Session::Role::Opens,
        .liveness = {threshold / kSignsPerThreshold, threshold},
        .authority = _names.authority,
        .openLimit = _environment.limits().open,
        .context = _environment.http2(),
        .hold = _lifeline.hold()};
    const auto connection =
        std::make_shared<Pipe2Connection>(std::move(settings), static_cast<Pipe2Connection::Owner&>(*this));
    connection->usedFormerPasscode = usedFormerPasscode;
    _connections.add(connection);
    _waitingCount.fetch_add(1, std::memory_order_relaxed);
    connection->start(std::move(stream), {});
    _owner.onAgentAvailable(*this);
}

/// One connection for each loop is enough to use them all.
Authorization AgentEndpoint::authorization() const {
    const auto most = static_cast<std::size_t>(_context.endpoint.maxConnections);
    return {.heartbeat = _context.endpoint.heartbeatAbsenceThreshold,
            .connections = std::min(_environment.loops().size(), most),
            .streams = _environment.limits().streams};
}

void AgentEndpoint::onStream(Pipe2Connection&, std::unique_ptr<Http2Stream> stream,
                             const ConnectRequest& request) {
    _waitingStreams.add(std::move(stream), request.visitor);
    _owner.onAgentAvailable(*this);
}

void AgentEndpoint::onGoingAway(Pipe2Connection& connection) {
    if (_log.debug()) _log.debug("%s: agent %s goes away", _names.endpoint, connection.peer().toString());
    _leaving.add(connection.shared_from_this());
    if (_connections.remove(connection)) freePlace();
}

void AgentEndpoint::onEnded(Pipe2Connection& connection, const std::string& why) {
    logLost(connection.peer(), why);
    if (_connections.remove(connection)) freePlace();
    _leaving.remove(connection);
}

/// Of a connection of PIPE/2.
void AgentEndpoint::freePlace() {
    _places.leave();
    _waitingCount.fetch_sub(1, std::memory_order_relaxed);
}

void AgentEndpoint::onStateChanged(AgentConnection& agent, State before) {
    auto& now = listOf(agent.state());
    now.splice(now.end(), listOf(before), agent.position);
    count(before, -1);
    count(agent.state(), 1);
    if (before == State::Authorizing && agent.hasTurn())
        _slowed.turnIsOver(agent.peer().host(), /*wasRight*/ true);
    if (agent.state() != State::Quieting) _owner.onAgentAvailable(*this);
}

void AgentEndpoint::onStaleBytes(AgentConnection& agent) {
    _history.addStaleBytes(agent.peer().host(), _loop.now());
}

void AgentEndpoint::onNoAnswer(const Poco::Net::SocketAddress& peer) {
    const bool isNew = !_history.isDoubtful(peer.host(), _loop.now());
    _history.addNoAnswer(peer.host(), _loop.now());
    _hasDoubts.store(true, std::memory_order_relaxed);
    if (!isNew) return;
    _warnings.write(Poco::Message::PRIO_WARNING,
                    Poco::format("%s: agent %s gave a visitor no answer; other agents are preferred to those "
                                 "at its address until one of them answers",
                                 _names.endpoint, peer.toString()));
}

/// The others at its address have their places among all others again.
void AgentEndpoint::onAnswer(const Poco::Net::SocketAddress& peer) {
    if (!_history.clearDoubt(peer.host(), _loop.now())) return;
    _hasDoubts.store(_history.hasDoubts(), std::memory_order_relaxed);
    auto& doubtful = listOf(State::Doubtful);
    for (auto next = doubtful.begin(); next != doubtful.end();) {
        auto& agent = **next++;
        if (!_history.isDoubtful(agent.peer().host(), _loop.now())) agent.moveTo(State::Waiting);
    }
}

void AgentEndpoint::onEnded(AgentConnection& agent, const std::string& why) {
    const auto peer = agent.peer();
    const bool wasAuthorized = agent.state() != State::Authorizing;
    if (!wasAuthorized) {
        logRejected(peer, why);
    } else {
        logLost(peer, why);
        _places.leave();
    }
    const bool hadTurn = !wasAuthorized && agent.hasTurn();
    close(agent);
    if (hadTurn) _slowed.turnIsOver(peer.host(), /*wasRight*/ false);
}

void AgentEndpoint::onWrongPasscode(AgentConnection& agent) {
    _slowed.addWrong(agent.peer().host());
}

void AgentEndpoint::onSlowed(const Poco::Net::IPAddress& address, std::chrono::milliseconds pause) {
    _warnings.write(Poco::Message::PRIO_WARNING,
                    Poco::format("%s: too many wrong passcodes from %s: its connections wait for %Ld ms",
                                 _names.endpoint, withoutMapping(address).toString(),
                                 static_cast<Poco::Int64>(pause.count())));
}

bool AgentEndpoint::hasAgentsOf(const Poco::Net::IPAddress& address) const {
    const auto owner = ownerOf(address);
    const auto isOwn = [&](const auto& agent) { return ownerOf(agent->peer().host()) == owner; };
    const auto isAmong = [&](const auto& agents) { return std::any_of(agents.begin(), agents.end(), isOwn); };
    return isAmong(_connections.all()) ||
           std::any_of(kWaiting.begin(), kWaiting.end(), [&](State state) { return isAmong(listOf(state)); });
}

AgentConnection::List& AgentEndpoint::listOf(State state) {
    return _agents[static_cast<std::size_t>(state)];
}

const AgentConnection::List& AgentEndpoint::listOf(State state) const {
    return _agents[static_cast<std::size_t>(state)];
}

AgentConnection& AgentEndpoint::add(std::unique_ptr<AgentConnection> agent) {
    auto& list = listOf(agent->state());
    list.push_back(std::move(agent));
    list.back()->position = std::prev(list.end());
    count(list.back()->state(), 1);
    return *list.back();
}

/// Takes note that an agent has come into a state (1) or is not in it any more (-1).
void AgentEndpoint::count(State state, int change) {
    if (state == State::Authorizing || state == State::Quieting) return;
    _waitingCount.fetch_add(change, std::memory_order_relaxed);
}

void AgentEndpoint::forget(AgentConnection& agent) {
    count(agent.state(), -1);
    _loop.destroyLater(std::move(*agent.position)); // it may be the one that is calling
    listOf(agent.state()).erase(agent.position);
}

RelayPeer AgentEndpoint::take(AgentConnection& agent) {
    auto peer = agent.takePeer();
    peer.name = _settings.role;
    peer.heartbeat = Heartbeat::Settings::ofConnector(_context.endpoint.heartbeatAbsenceThreshold);
    const bool mustAnswer = !_context.mayBegin;
    peer.onLeaving = [this, mustAnswer, address = peer.stream->peer()](RelayPeer::Outcome outcome) {
        _places.leave();
        if (mustAnswer && outcome == RelayPeer::Outcome::Unanswered)
            _loop.post([this, address] { onNoAnswer(address); });
        else if (outcome != RelayPeer::Outcome::Unknown && _hasDoubts.load(std::memory_order_relaxed))
            _loop.post([this, address] { onAnswer(address); });
    };
    forget(agent);
    return peer;
}

void AgentEndpoint::close(AgentConnection& agent) {
    if (auto stream = agent.takeStream()) {
        stream->retire(); // the agent must not hear of events that the loop has fetched already
        _loop.destroyLater(std::move(stream));
    }
    forget(agent);
}

void AgentEndpoint::logRejected(const Poco::Net::SocketAddress& peer, const std::string& why) {
    _endings.write(Poco::Message::PRIO_WARNING,
                   Poco::format("%s: agent %s rejected: %s", _names.endpoint, peer.toString(), why));
}

void AgentEndpoint::logLost(const Poco::Net::SocketAddress& peer, const std::string& why) {
    _endings.write(Poco::Message::PRIO_INFORMATION,
                   Poco::format("%s: agent %s lost: %s", _names.endpoint, peer.toString(), why));
}

} // namespace connector
