#include "pipe/AgentEndpoint.h"

#include <Poco/Format.h>

namespace connector {

AgentEndpoint::AgentEndpoint(EventLoop& loop, PipeEnvironment& environment, const Endpoint& endpoint,
                             std::string name, const char* role, bool holdsPayload, Owner& owner)
    : _loop(loop), _environment(environment), _endpoint(endpoint), _name(std::move(name)), _role(role),
      _holdsPayload(holdsPayload), _owner(owner), _log(Poco::Logger::get("pipe")), _endings(_log) {}

void AgentEndpoint::onAccepted(const Poco::Net::StreamSocket& socket, const Poco::Net::SocketAddress& peer,
                               DescriptorBudget::Lease lease) {
    // A real agent greets within a round trip, so the oldest of many strangers is the one least likely to be
    // one.
    if (_authorizing.size() >= _environment.limits().authorizing)
        _authorizing.front()->end(std::to_string(_environment.limits().authorizing) +
                                  " others are still to be authorized");
    _authorizing.push_back(std::make_unique<AgentConnection>(
        _loop, _environment.limits(), _endpoint, _holdsPayload,
        _environment.accept(socket, peer, std::move(lease)), static_cast<AgentConnection::Owner&>(*this)));
    auto& agent = *_authorizing.back();
    agent.position = std::prev(_authorizing.end());
    agent.start();
}

RelayEnd AgentEndpoint::takeWaiting() {
    return take(*_waiting.back());
}

RelayEnd AgentEndpoint::takeHolding() {
    return take(*_holding.front());
}

void AgentEndpoint::closeAll() {
    for (auto* list : {&_authorizing, &_waiting, &_holding}) {
        while (!list->empty())
            close(*list, *list->front());
    }
}

bool AgentEndpoint::admit(AgentConnection& agent) {
    if (_placesTaken->load(std::memory_order_relaxed) >= _endpoint.maxConnections) return false;
    _placesTaken->fetch_add(1, std::memory_order_relaxed);
    _waiting.splice(_waiting.end(), _authorizing, agent.position);
    _waitingCount.fetch_add(1, std::memory_order_relaxed);
    return true;
}

void AgentEndpoint::onWaiting(AgentConnection& agent) {
    if (_log.debug()) _log.debug("%s: agent %s authorized", _name, agent.stream().peer().toString());
    _owner.onAgentAvailable(*this);
}

void AgentEndpoint::onHeard(AgentConnection& agent) {
    if (agent.state() == AgentConnection::State::Waiting)
        _waiting.splice(_waiting.end(), _waiting, agent.position);
}

void AgentEndpoint::onHolding(AgentConnection& agent) {
    _holding.splice(_holding.end(), _waiting, agent.position);
    _owner.onAgentAvailable(*this);
}

void AgentEndpoint::onEnded(AgentConnection& agent, const std::string& why) {
    const bool wasAuthorized = agent.state() != AgentConnection::State::Authorizing;
    _endings.write(wasAuthorized ? Poco::Message::PRIO_INFORMATION : Poco::Message::PRIO_WARNING, _loop.now(),
                   Poco::format("%s: agent %s %s: %s", _name, agent.stream().peer().toString(),
                                std::string(wasAuthorized ? "lost" : "rejected"), why));
    if (wasAuthorized) {
        _placesTaken->fetch_sub(1, std::memory_order_relaxed);
        _waitingCount.fetch_sub(1, std::memory_order_relaxed);
    }
    close(listOf(agent), agent);
}

void AgentEndpoint::close(AgentConnection::List& list, AgentConnection& agent) {
    auto stream = agent.takeStream();
    stream->detach(); // the agent must not hear of events that the loop has fetched already
    _loop.destroyLater(std::move(stream));
    _loop.destroyLater(std::move(*agent.position));
    list.erase(agent.position);
}

AgentConnection::List& AgentEndpoint::listOf(const AgentConnection& agent) {
    switch (agent.state()) {
    case AgentConnection::State::Waiting:
        return _waiting;
    case AgentConnection::State::Holding:
        return _holding;
    default:
        return _authorizing;
    }
}

RelayEnd AgentEndpoint::take(AgentConnection& agent) {
    RelayEnd end;
    end.name = _role;
    end.heartbeat =
        Heartbeat::Settings{.absenceThreshold = _endpoint.heartbeatAbsenceThreshold, .answers = true};
    end.speaksSecond = !_holdsPayload;
    end.held = agent.takeHeld();
    end.onLeaving = [places = _placesTaken] { places->fetch_sub(1, std::memory_order_relaxed); };
    end.stream = agent.takeStream();
    auto& list = listOf(agent);
    _loop.destroyLater(std::move(*agent.position));
    list.erase(agent.position);
    _waitingCount.fetch_sub(1, std::memory_order_relaxed);
    return end;
}

} // namespace connector
