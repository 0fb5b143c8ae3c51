#include "pipe/AgentEndpoint.h"

#include <Poco/Format.h>

namespace connector {

using State = AgentConnection::State;

AgentEndpoint::AgentEndpoint(EventLoop& loop, PipeEnvironment& environment, const Endpoint& endpoint,
                             std::string name, const char* role, bool mayBegin, Owner& owner)
    : _loop(loop), _environment(environment), _name(std::move(name)),
      _role(role), _context{loop, environment.limits(), endpoint, mayBegin, *this}, _owner(owner),
      _log(Poco::Logger::get("pipe")), _endings(_log) {}

void AgentEndpoint::onAccepted(Descriptor socket, const Poco::Net::SocketAddress& peer,
                               DescriptorBudget::Lease lease) {
    // A real agent greets within a round trip, so the oldest of many strangers is the one least likely to be
    // one.
    auto& authorizing = listOf(State::Authorizing);
    if (authorizing.size() >= _environment.limits().authorizing)
        authorizing.front()->end(std::to_string(_environment.limits().authorizing) +
                                 " others are still to be authorized");
    auto stream = _environment.accept(std::move(socket), peer, std::move(lease));
    add(std::make_unique<AgentConnection>(_context, std::move(stream))).start();
}

RelayEnd AgentEndpoint::takeWaiting() {
    return take(*listOf(State::Waiting).back());
}

RelayEnd AgentEndpoint::takeHolding() {
    return take(*listOf(State::Holding).front());
}

void AgentEndpoint::putBack(RelayEnd agent) {
    _waitingCount.fetch_add(1, std::memory_order_relaxed);
    add(std::make_unique<AgentConnection>(_context, std::move(agent))).start();
    _owner.onAgentAvailable(*this);
}

void AgentEndpoint::drop(RelayEnd agent, const std::string& why) {
    logLost(agent.stream->peer(), why);
    agent.onLeaving();
    agent.stream->retire();
    agent.stream->resetOnClose();
    _loop.destroyLater(std::move(agent.stream));
}

void AgentEndpoint::closeAll() {
    for (auto& list : _agents)
        while (!list.empty())
            close(*list.front());
}

bool AgentEndpoint::admit(AgentConnection& agent) {
    if (_placesTaken->count() >= _context.endpoint.maxConnections) return false;
    _placesTaken->enter();
    _waitingCount.fetch_add(1, std::memory_order_relaxed);
    if (_log.debug()) _log.debug("%s: agent %s authorized", _name, agent.stream().peer().toString());
    return true;
}

void AgentEndpoint::onStateChanged(AgentConnection& agent, State before) {
    auto& now = listOf(agent.state());
    now.splice(now.end(), listOf(before), agent.position);
    _owner.onAgentAvailable(*this);
}

void AgentEndpoint::onHeard(AgentConnection& agent) {
    if (agent.state() != State::Waiting) return;
    auto& waiting = listOf(State::Waiting);
    waiting.splice(waiting.end(), waiting, agent.position);
}

void AgentEndpoint::onEnded(AgentConnection& agent, const std::string& why) {
    const auto peer = agent.stream().peer();
    if (agent.state() == State::Authorizing) {
        _endings.write(Poco::Message::PRIO_WARNING, _loop.now(),
                       Poco::format("%s: agent %s rejected: %s", _name, peer.toString(), why));
    } else {
        logLost(peer, why);
        _placesTaken->leave();
        _waitingCount.fetch_sub(1, std::memory_order_relaxed);
    }
    close(agent);
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
    return *list.back();
}

void AgentEndpoint::forget(AgentConnection& agent) {
    _loop.destroyLater(std::move(*agent.position)); // it may be the one that is calling
    listOf(agent.state()).erase(agent.position);
}

RelayEnd AgentEndpoint::take(AgentConnection& agent) {
    auto end = agent.takeEnd();
    end.name = _role;
    if (end.protocol == Protocol::Pipe1)
        end.heartbeat =
            Heartbeat::Settings::ofConnector(Protocol::Pipe1, _context.endpoint.heartbeatAbsenceThreshold);
    end.speaksSecond = end.protocol == Protocol::Pipe1 && !_context.mayBegin;
    end.onLeaving = [places = _placesTaken] { places->leave(); };
    forget(agent);
    _waitingCount.fetch_sub(1, std::memory_order_relaxed);
    return end;
}

void AgentEndpoint::close(AgentConnection& agent) {
    auto stream = agent.takeStream();
    stream->retire(); // the agent must not hear of events that the loop has fetched already
    _loop.destroyLater(std::move(stream));
    forget(agent);
}

void AgentEndpoint::logLost(const Poco::Net::SocketAddress& peer, const std::string& why) {
    _endings.write(Poco::Message::PRIO_INFORMATION, _loop.now(),
                   Poco::format("%s: agent %s lost: %s", _name, peer.toString(), why));
}

} // namespace connector
