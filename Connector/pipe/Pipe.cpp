#include "pipe/Pipe.h"

#include <Poco/Exception.h>
#include <Poco/Format.h>
#include <Poco/Logger.h>

#include <algorithm>

namespace connector {

namespace {

Poco::Logger& log() {
    return Poco::Logger::get("pipe");
}

} // namespace

Pipe::Pipe(PipeEnvironment& environment, const Mapping& mapping)
    : _environment(environment), _mapping(mapping), _loop(environment.loops().next()),
      _retry(_loop, [this] { retryListening(); }), _relays(_loop, environment.relays(), *this) {}

Pipe::~Pipe() = default;

void Pipe::start(std::array<Listeners, 2> listeners) {
    _listeners = std::move(listeners);
    _degraded = !isListening();
    _loop.post([this] {
        for (std::size_t i = 0; i < _listeners.size(); ++i)
            startListening(i);
        checkListening();
    });
}

std::future<void> Pipe::close() {
    auto closed = _closed->get_future();
    _loop.post([this] {
        _closing = true;
        _retry.cancel();
        _listeners = {};
        closeOpenings();
        closeConnections();
        _relays.abortAll("the mapping was closed");
        if (_relays.isEmpty()) finishClosing();
    });
    return closed;
}

PipeStatus Pipe::status() const {
    PipeStatus status;
    status.relays = _relays.count();
    status.degraded = _degraded.load(std::memory_order_relaxed);
    for (std::size_t i = 0; i < status.bytesFrom.size(); ++i)
        status.bytesFrom[i] = _relays.bytes()[i].load(std::memory_order_relaxed);
    addTo(status);
    return status;
}

LastUse Pipe::lastUse() const {
    const auto here = lastUseHere();
    return {std::max(here.agent, _mapping.lastUse.agent), std::max(here.visitor, _mapping.lastUse.visitor)};
}

void Pipe::setVisitors(const VisitorSettings& visitors) {
    _mapping.visitors = visitors;
    onVisitorsSet();
}

std::string Pipe::nameOf(const Endpoint& endpoint) const {
    return Poco::format("mapping %s port %hu", _mapping.id, endpoint.port);
}

/// What a beginning makes available again, as its agent has turned out to be dead, is begun with by the call
/// that is under way, not by one within it: there may be thousands of dead agents.
void Pipe::beginAvailable() {
    _loop.assertInLoopThread();
    if (_isBeginning) return;
    _isBeginning = true;
    while (beginNext()) {
    }
    _isBeginning = false;
}

void Pipe::begin(RelayPeer opener, RelayPeer agent) {
    _loop.assertInLoopThread();
    if (agent.protocol != Protocol::Pipe2) return join(std::move(opener), std::move(agent));
    const auto opening = std::make_shared<Opening>(_loop, _environment.limits(), std::move(agent),
                                                   std::move(opener), static_cast<Opening::Owner&>(*this));
    _openings.insert(opening);
    opening->start();
}

void Pipe::onOpened(Opening& opening) {
    auto opener = std::move(opening.opener);
    auto agent = std::move(opening.agent);
    forget(opening);
    opener.sentBefore = std::exchange(opener.held, {}).bytes().size();
    join(std::move(opener), std::move(agent));
}

void Pipe::onRefused(Opening& opening, const std::string& reason) {
    auto opener = std::move(opening.opener);
    auto agent = std::move(opening.agent);
    forget(opening);
    if (opener.protocol == Protocol::Pipe2) {
        opener.stream->send(Pipe2Line::refused(reason).toString());
        opener.held = {};
        opener.visitor.clear();
        putBack(std::move(opener));
    } else {
        drop(std::move(opener), "the agent refused it: " + reason);
    }
    putBack(std::move(agent));
}

void Pipe::onAgentLost(Opening& opening, const std::string& why) {
    auto opener = std::move(opening.opener);
    auto agent = std::move(opening.agent);
    forget(opening);
    drop(std::move(agent), why);
    putBack(std::move(opener)); // for the next agent
}

void Pipe::forget(Opening& opening) {
    _loop.assertInLoopThread();
    const auto found = opening.shared_from_this();
    _loop.destroyLater(found); // it is the one that is calling
    _openings.erase(found);
}

void Pipe::closeOpenings() {
    for (const auto& opening : _openings) {
        opening->cancel();
        _loop.destroyLater(opening);
    }
    _openings.clear();
}

void Pipe::join(RelayPeer opener, RelayPeer agent) {
    if (opener.protocol == Protocol::Pipe2) opener.stream->send(Pipe2Line::opened().toString());
    // Bytes are counted by the port that they come in at, whoever begins.
    if (opener.side == 0)
        _relays.join(std::move(opener), std::move(agent));
    else
        _relays.join(std::move(agent), std::move(opener));
}

const Endpoint& Pipe::endpointAt(std::size_t index) const {
    return index == 0 ? _mapping.endpoint1 : _mapping.endpoint2;
}

void Pipe::startListening(std::size_t index) {
    auto& listeners = _listeners[index];
    const auto starts = [&](auto& listener) { return listener->start(_loop, acceptorAt(index)); };
    if (!std::all_of(listeners.begin(), listeners.end(), starts)) listeners.clear();
}

void Pipe::retryListening() {
    _loop.assertInLoopThread();
    for (std::size_t i = 0; i < _listeners.size(); ++i) {
        if (!_listeners[i].empty()) continue;
        try {
            _listeners[i] = _environment.listen(endpointAt(i).port);
            startListening(i);
        } catch (const Poco::Exception& error) {
            log().debug("%s: still can't listen: %s", nameOf(endpointAt(i)), error.displayText());
        }
    }
    checkListening();
    if (!_degraded) log().notice("mapping %s listens on both its ports again", _mapping.id);
}

void Pipe::checkListening() {
    _degraded = !isListening();
    if (_degraded) _retry.start(_environment.limits().retryPorts);
}

bool Pipe::isListening() const {
    return !_listeners[0].empty() && !_listeners[1].empty();
}

void Pipe::onRelayEnded(const Relay& relay) {
    _loop.assertInLoopThread();
    if (log().debug()) log().debug("mapping %s: %s", _mapping.id, relay.summary());
    if (_closing && _relays.isEmpty()) finishClosing();
}

void Pipe::finishClosing() {
    // What closeConnections() left to the loop is destroyed before a function posted now runs; and nobody may
    // touch this pipe once the promise is kept.
    _loop.post([closed = _closed] { closed->set_value(); });
}

} // namespace connector
