#include "pipe/Pipe.h"

#include "pipe/PrivatePipe.h"
#include "pipe/PublicPipe.h"

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

std::unique_ptr<Pipe> Pipe::make(PipeEnvironment& environment, const Mapping& mapping) {
    if (mapping.type == Mapping::Type::Public) return std::make_unique<PublicPipe>(environment, mapping);
    return std::make_unique<PrivatePipe>(environment, mapping);
}

Pipe::Pipe(PipeEnvironment& environment, const Mapping& mapping)
    : _environment(environment), _mapping(mapping), _loop(environment.loops().next()),
      _retry(_loop, [this] { retryListening(); }), _relays(_loop, environment, *this) {}

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

std::string Pipe::nameOf(const Endpoint& endpoint) const {
    return Poco::format("mapping %s port %hu", _mapping.id, endpoint.port);
}

void Pipe::join(RelayEnd first, RelayEnd second) {
    _relays.join(std::move(first), std::move(second));
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
    if (log().debug()) log().debug("mapping %s: %s", _mapping.id, relay.summary());
    if (_closing && _relays.isEmpty()) finishClosing();
}

void Pipe::finishClosing() {
    // What closeConnections() left to the loop is destroyed before a function posted now runs; and nobody may
    // touch this pipe once the promise is kept.
    _loop.post([closed = _closed] { closed->set_value(); });
}

} // namespace connector
