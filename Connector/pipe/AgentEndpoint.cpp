#include "pipe/AgentEndpoint.h"

#include "base/PeerAddress.h"

#include <Poco/Format.h>

#include <algorithm>

namespace connector {

using State = AgentConnection::State;

namespace {

/// Of the agents that wait, in the order in which they are preferred.
constexpr std::array kWaiting{State::Waiting, State::Doubtful, State::LastResort};

constexpr const char* kOldPasscode = "its passcode is not good any more";

/// A PING is sent after so much of the threshold for a peer's silence.
constexpr int kSignsPerThreshold = 3;

/// How long it takes until those that don't answer are gone.
constexpr std::chrono::milliseconds kProbe{6000};

} // namespace

AgentEndpoint::AgentEndpoint(EventLoop& loop, PipeEnvironment& environment, const Endpoint& endpoint,
                             Names names, Settings settings, const Lifeline& lifeline, Owner& owner)
    : _loop(loop), _environment(environment), _endpoint(endpoint), _names(std::move(names)),
      _settings(settings), _lifeline(lifeline),
      _formerPasscode(loop, [this] { onFormerPasscodeOver(); }), _context{loop,
                                                                          environment.handshakes(),
                                                                          lifeline,
                                                                          environment.limits(),
                                                                          _endpoint,
                                                                          _passcodes,
                                                                          _settings.mayBegin,
                                                                          environment.instance(),
                                                                          _settings.side,
                                                                          *this},
      _owner(owner), _waitingStreams(loop, environment.limits(), _settings.role),
      _history(environment.limits()),
      _newcomers([&environment] { return environment.limits()->authorizing; }),
      _entrance(loop, environment, lifeline, _newcomers, *this), _gone(loop, [this] { onLastGone(); }),
      _probe(loop, [] {}), _log(Poco::Logger::get("pipe")) {
    _passcodes.current = _endpoint.passcode;
}

void AgentEndpoint::change(const Endpoint& endpoint, Names names) {
    _loop.assertInLoopThread();
    const bool isNewPasscode = endpoint.passcode != _endpoint.passcode;
    _endpoint = endpoint;
    _names = std::move(names);
    if (isNewPasscode) ++_passcodes.generation;
    _passcodes.current = _endpoint.passcode;
    const auto left = std::chrono::milliseconds(_endpoint.formerPasscodeUntil - timestampNow());
    _passcodes.former = left.count() > 0 ? _endpoint.formerPasscode : "";
    if (left.count() > 0) _formerPasscode.start(left);
    closeThoseWithOldPasscodes();
}

void AgentEndpoint::onFormerPasscodeOver() {
    _passcodes.former.clear();
    closeThoseWithOldPasscodes();
}

/// Those whose greeting is not complete are judged by the passcodes that are good then.
void AgentEndpoint::closeThoseWithOldPasscodes() {
    for (auto& list : _agents)
        for (auto next = list.begin(); next != list.end();) {
            auto& agent = **next++;
            if (hasOldPasscode(agent.passcodeGeneration()))
                agent.end(kOldPasscode, AgentRejection::WrongPasscode);
        }
    const auto connections = _connections.all();
    for (const auto& connection : connections)
        if (hasOldPasscode(connection->passcodeGeneration)) connection->goAway();
}

bool AgentEndpoint::hasOldPasscode(int generation) const {
    return generation < _passcodes.generation - (_passcodes.former.empty() ? 0 : 1);
}

void AgentEndpoint::onEntered(std::unique_ptr<SocketStream> accepted, bool isKnown, bool hasTurn) {
    auto& agent = add(std::make_unique<AgentConnection>(_context, std::move(accepted), isKnown, hasTurn));
    _entrance.await(agent, agent.peer(), isKnown);
    agent.start();
}

std::string AgentEndpoint::crowded() const {
    return std::to_string(_environment.limits()->authorizing) + " others are still to be authorized";
}

void AgentEndpoint::onGreeted(std::unique_ptr<SocketStream> stream, const std::string& greeting,
                              bool hasTurn) {
    _loop.assertInLoopThread();
    if (!_isClosed)
        return add(std::make_unique<AgentConnection>(_context, std::move(stream), hasTurn))
            .startGreeted(greeting);
    if (hasTurn) _environment.slowed().turnIsOver(stream->peer().host(), /*wasRight*/ false);
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
    _entrance.remember(connection->peer().host());
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
    else if (hasOldPasscode(opener.passcodeGeneration))
        return drop(std::move(opener), kOldPasscode);
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
    agent.stream->detach();
    agent.stream->resetOnClose();
    _loop.destroyLater(std::move(agent.stream));
}

/// One that was only just authorized has heard so: a connection that is closed before looks to an agent as if
/// its passcode were wrong.
bool AgentEndpoint::leave(std::size_t keep) {
    _loop.assertInLoopThread();
    for (const auto state : {State::Waiting, State::Doubtful, State::LastResort, State::Quieting})
        for (auto& list = listOf(state); list.size() > keep;) {
            auto& agent = *list.back();
            freePlace(agent.peer().host());
            close(agent);
        }
    if (keep == 0) _connections.goAwayAll();
    const auto isEmpty = [](const auto& list) { return list.empty(); };
    return !std::all_of(_agents.begin(), _agents.end(), isEmpty) || !_connections.isEmpty() ||
           !_leaving.isEmpty();
}

void AgentEndpoint::dropHolding(const std::string& why) {
    auto& holding = listOf(State::Holding);
    while (!holding.empty())
        holding.front()->end(why);
}

void AgentEndpoint::report(const std::shared_ptr<ConnectionQuery>& query) const {
    for (const auto& list : _agents)
        for (const auto& agent : list) {
            if (agent->state() == State::Authorizing || query->isFull(ConnectionReport::Kind::Agent)) break;
            query->add(agent->report());
        }
    for (const auto& connection : pipe2Connections())
        connection->report(query);
}

bool AgentEndpoint::end(std::uint64_t number, const std::string& why,
                        const std::shared_ptr<ConnectionQuery>& query) {
    const auto hasNumber = [&](const auto& one) { return one->tag().number == number; };
    for (const auto& list : _agents) {
        const auto agent = std::find_if(list.begin(), list.end(), hasNumber);
        if (agent == list.end() || (*agent)->state() == State::Authorizing) continue;
        query->add((*agent)->report());
        (*agent)->end(why);
        return true;
    }
    const auto connections = pipe2Connections();
    const auto found = std::find_if(connections.begin(), connections.end(), hasNumber);
    if (found == connections.end()) return false;
    query->add((*found)->ownReport());
    (*found)->end(why);
    return true;
}

std::vector<std::shared_ptr<Pipe2Connection>> AgentEndpoint::pipe2Connections() const {
    auto all = _connections.all();
    all.insert(all.end(), _leaving.all().begin(), _leaving.all().end());
    return all;
}

void AgentEndpoint::closeAll() {
    _loop.assertInLoopThread();
    _isClosed = true;
    _probe.cancel();
    _formerPasscode.cancel();
    _gone.cancel();
    _entrance.close();
    for (auto& list : _agents)
        while (!list.empty())
            close(*list.front());
    _waitingStreams.refuseAll("the mapping was closed");
    _connections.endAll("the mapping was closed");
    _leaving.endAll("the mapping was closed");
}

/// From now on it has nothing to fear from those that are still to be authorized.
void AgentEndpoint::onRightPasscode(AgentConnection& agent) {
    _newcomers.remove(agent);
    _entrance.remember(agent.peer().host());
}

bool AgentEndpoint::mayWaitForPlace() const {
    return listOf(State::Authorizing).size() <= _newcomers.count() + _environment.limits()->authorizing;
}

/// Places may be held by agents whose machine or line is gone, without a word to say so.
void AgentEndpoint::probeAgents() {
    _probe.start(kProbe);
    for (auto& list : _agents)
        for (auto& agent : list)
            if (agent->state() != State::Authorizing) agent->probe();
    for (const auto& connection : _connections.all())
        connection->probe();
    _owner.probeRelays();
}

std::optional<AgentEndpoint::Admission> AgentEndpoint::admit(AgentConnection& agent) {
    if (_places.count() >= _context.endpoint.maxConnections) {
        if (!_probe.isRunning()) probeAgents();
        return std::nullopt;
    }
    const auto& peer = agent.peer();
    takePlace(peer.host());
    if (_log.debug()) _log.debug("%s: agent %s authorized", _names.endpoint, inWords(peer));
    return Admission{.mayBeStale = _history.hasSentStaleBytes(peer.host(), _loop.now()),
                     .isSuspect = _history.takeSuspect(peer.host(), _loop.now())};
}

/// Its place goes along; the answer is the last that is said before HTTP/2.
void AgentEndpoint::onPipe2(AgentConnection& agent, bool opens) {
    const int passcodeGeneration = agent.passcodeGeneration();
    const auto tag = agent.tag();
    auto stream = agent.takeStream();
    if (agent.hasTurn()) _environment.slowed().turnIsOver(stream->peer().host(), /*wasRight*/ true);
    forget(agent);
    stream->send(authorization().toString());
    const auto threshold = _context.endpoint.heartbeatAbsenceThreshold;
    Pipe2Connection::Settings settings{
        .home = _loop,
        .loop = _settings.mayBegin ? _loop : _connections.placeAmong(_environment.loops(), _loop),
        .role = opens ? Http2Session::Role::Serves : Http2Session::Role::Opens,
        .liveness = {threshold / kSignsPerThreshold, threshold},
        .authority = _names.authority,
        .openLimit = _environment.limits()->open,
        .context = _environment.http2(),
        .hold = _lifeline.hold(),
        .tag = tag,
        .side = _settings.side};
    const auto connection =
        std::make_shared<Pipe2Connection>(std::move(settings), static_cast<Pipe2Connection::Owner&>(*this));
    connection->passcodeGeneration = passcodeGeneration;
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
            .streams = _environment.limits()->streams,
            .instance = _environment.instance()};
}

void AgentEndpoint::onStream(Pipe2Connection&, std::unique_ptr<Http2Stream> stream,
                             const ConnectRequest& request) {
    _waitingStreams.add(std::move(stream), request.visitor);
    _owner.onAgentAvailable(*this);
}

void AgentEndpoint::onGoingAway(Pipe2Connection& connection) {
    if (_log.debug()) _log.debug("%s: agent %s goes away", _names.endpoint, connection.peer().toString());
    _leaving.add(connection.shared_from_this());
    onPipe2Gone(connection);
}

void AgentEndpoint::onEnded(Pipe2Connection& connection, const std::string& why) {
    logLost(connection.peer(), why);
    onPipe2Gone(connection);
    _leaving.remove(connection);
}

/// Once it goes away, and again when it has ended.
void AgentEndpoint::onPipe2Gone(Pipe2Connection& connection) {
    if (!_connections.remove(connection)) return;
    _entrance.remember(connection.peer().host());
    freePlace(connection.peer().host());
    _waitingCount.fetch_sub(1, std::memory_order_relaxed);
}

void AgentEndpoint::takePlace(const Poco::Net::IPAddress& address) {
    _places.enter();
    _gone.cancel();
    if (!std::exchange(_areThere, true)) _owner.publishAgents(true, _endpoint.port);
    _environment.slowed().addAgent(ownerOf(address));
}

/// On any thread.
void AgentEndpoint::freePlace(const Poco::Net::IPAddress& address) {
    _environment.slowed().removeAgent(ownerOf(address));
    if (!_places.leave()) return;
    _loop.post([this, hold = _lifeline.hold()] {
        if (!_isClosed && _places.count() == 0) _gone.start(_environment.limits()->events.agentsGone);
    });
}

/// A connection that has served its visitor is followed by the next one soon.
void AgentEndpoint::onLastGone() {
    _areThere = false;
    _owner.publishAgents(false, _endpoint.port);
}

void AgentEndpoint::onStateChanged(AgentConnection& agent, State before) {
    auto& now = listOf(agent.state());
    now.splice(now.end(), listOf(before), agent.position);
    count(before, -1);
    count(agent.state(), 1);
    if (before == State::Authorizing && agent.hasTurn())
        _environment.slowed().turnIsOver(agent.peer().host(), /*wasRight*/ true);
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
    _environment.logs().doubtful.write(peer.host(), "no answer", [&] {
        return Poco::format(
            "%s: agent %s gave a visitor no answer; other agents are preferred to those at its "
            "address until one of them answers",
            _names.endpoint, inWords(peer));
    });
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

void AgentEndpoint::onEnded(AgentConnection& agent, const std::string& why, AgentRejection rejection) {
    const auto peer = agent.peer();
    const bool wasAuthorized = agent.state() != State::Authorizing;
    if (!wasAuthorized) {
        reject(peer, why, rejection);
    } else {
        logLost(peer, why);
        _entrance.remember(peer.host());
        freePlace(peer.host());
    }
    const bool hadTurn = !wasAuthorized && agent.hasTurn();
    close(agent);
    if (hadTurn) _environment.slowed().turnIsOver(peer.host(), /*wasRight*/ false);
}

void AgentEndpoint::onWrongPasscode(AgentConnection& agent) {
    _environment.slowed().addWrong(agent.peer().host(), _names.endpoint);
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
    _newcomers.remove(agent);
    count(agent.state(), -1);
    _loop.destroyLater(std::move(*agent.position)); // it may be the one that is calling
    listOf(agent.state()).erase(agent.position);
}

RelayPeer AgentEndpoint::take(AgentConnection& agent) {
    auto peer = agent.takePeer();
    _entrance.remember(peer.stream->peer().host());
    peer.name = _settings.role;
    peer.heartbeat = Heartbeat::Settings::ofConnector(_context.endpoint.heartbeatAbsenceThreshold);
    const bool mustAnswer = !_context.mayBegin;
    peer.onLeaving = [this, mustAnswer, address = peer.stream->peer()](RelayPeer::Outcome outcome) {
        freePlace(address.host());
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
        stream->detach(); // the agent must not hear of events that the loop has fetched already
        _loop.destroyLater(std::move(stream));
    }
    forget(agent);
}

LogLine AgentEndpoint::lineOf(const char* what, const Poco::Net::SocketAddress& peer,
                              const std::string& why) const {
    const auto agent = inWords(peer);
    LogLine line(_names.endpoint + ": agent " + agent + " " + what + ": " + why);
    if (_endpoint.port != 0) line.with("port", _endpoint.port);
    return line.with("mapping", _names.mapping).with("agent", agent).with("reason", why);
}

void AgentEndpoint::reject(const Poco::Net::SocketAddress& peer, const std::string& why,
                           AgentRejection rejection) {
    _environment.rejections().add(rejection);
    // A proxy that only looks whether somebody is there would do so for ever.
    const bool hasSaidNothing = rejection == AgentRejection::Left || rejection == AgentRejection::Handshake;
    if (hasSaidNothing && _environment.proxies()->include(peer.host())) return;
    _environment.logs().rejected.write(peer.host(), why, [&] { return lineOf("rejected", peer, why); });
}

void AgentEndpoint::logLost(const Poco::Net::SocketAddress& peer, const std::string& why) {
    _environment.logs().lost.write(peer.host(), why, [&] { return lineOf("lost", peer, why); });
}

} // namespace connector
