#include "pipe/Pipe.h"

#include <Poco/Exception.h>
#include <Poco/Format.h>
#include <Poco/Logger.h>

#include <algorithm>
#include <utility>

namespace connector {

namespace {

/// How often a pipe that is drained looks whether somebody is left.
constexpr std::chrono::milliseconds kDrain{100};

std::string inWords(const Mapping& mapping) {
    return "mapping " + mapping.id + (mapping.label.empty() ? "" : " (" + mapping.label + ")");
}

Poco::Logger& log() {
    return Poco::Logger::get("pipe");
}

} // namespace

Pipe::Pipe(PipeEnvironment& environment, const Mapping& mapping)
    : _environment(environment), _usedBefore(mapping.lastUse), _mapping(mapping),
      _loop(environment.loops().next()), _retry(_loop, [this] { retryListening(); }),
      _relays(_loop, _lifeline, environment.relays(), *this),
      _openings(_loop, _lifeline, _relays, "agent", static_cast<Openings::Owner&>(*this)) {
    _relays.limitTraffic(traffic());
}

Pipe::~Pipe() = default;

void Pipe::start(std::array<Listeners, 2> listeners) {
    _listeners = std::move(listeners);
    noteListeners();
    _loop.post([this] {
        onChanged();
        for (std::size_t i = 0; i < _listeners.size(); ++i)
            startListening(i);
        checkListening();
    });
}

void Pipe::takeVisitor(Descriptor socket, const Poco::Net::SocketAddress& peer,
                       DescriptorBudget::Lease lease) {
    struct Arrived {
        Descriptor socket;
        DescriptorBudget::Lease lease;
    };
    // A function that is posted must be copyable.
    auto arrived = std::make_shared<Arrived>(std::move(socket), std::move(lease));
    _loop.post([this, arrived, peer, hold = hold()] {
        auto* const visitors = _closing ? nullptr : this->visitors();
        if (visitors) visitors->onAsked(std::move(arrived->socket), peer, std::move(arrived->lease));
    });
}

void Pipe::takeAgent(std::size_t side, std::unique_ptr<SocketStream> stream, const std::string& greeting,
                     bool hasTurn) {
    auto arrived = std::make_shared<std::unique_ptr<SocketStream>>(std::move(stream));
    _loop.post([this, side, arrived, greeting, hasTurn, hold = hold()] {
        agentsAt(side)->onGreeted(std::move(*arrived), greeting, hasTurn);
    });
}

std::future<void> Pipe::close() {
    auto closed = _lifeline.future();
    _loop.post([this] {
        _closing = true;
        _retry.cancel();
        _draining.reset();
        _listeners = {};
        for (auto& entrance : _entrances)
            if (entrance) entrance->closeAll();
        closeConnections();
        _relays.abortAll("the mapping was closed");
        // What closeConnections() left to the loop is destroyed before a function posted now runs.
        _loop.post([hold = _lifeline.letGo()] {});
    });
    return closed;
}

void Pipe::drain() {
    _loop.post([this] {
        _retry.cancel();
        _draining = std::make_unique<Draining>(_loop, [this] { drainOn(); });
        drainOn();
    });
}

void Pipe::drainOn() {
    const bool isSomebodyLeft = leave(_loop.now() - _draining->begin);
    if (isSomebodyLeft || relayCount() > 0 || enteringCount(0) > 0 || enteringCount(1) > 0)
        _draining->timer.start(kDrain);
    else
        _isDrained = true;
}

PipeStatus Pipe::status() const {
    PipeStatus status;
    status.relays = _relays.count();
    for (std::size_t i = 0; i < status.bytesFrom.size(); ++i) {
        status.bytesFrom[i] = _relays.traffic().bytes[i].load(std::memory_order_relaxed);
        status.lacksPort[i] = _lacksPort[i].load(std::memory_order_relaxed);
    }
    status.openings = _openings.times().snapshot();
    addTo(status);
    status.degraded = status.lacksPort[0] || status.lacksPort[1] || status.refusesPlainVisitors;
    return status;
}

LastUse Pipe::lastUse() const {
    const auto here = lastUseHere();
    return {std::max(here.agent, _usedBefore.agent), std::max(here.visitor, _usedBefore.visitor)};
}

std::future<ConnectionReports> Pipe::connections() {
    auto query = std::make_shared<ConnectionQuery>();
    auto answer = query->answer();
    _loop.post([this, query, hold = _lifeline.hold()] {
        report(query);
        _relays.report(ConnectionQuery::kMost + 1,
                       [query](ConnectionReport one) { query->add(std::move(one)); });
    });
    return answer;
}

std::future<ConnectionReports> Pipe::endConnection(std::uint64_t number, const std::string& why) {
    auto query = std::make_shared<ConnectionQuery>();
    auto answer = query->answer();
    _loop.post([this, number, why, query, hold = _lifeline.hold()] {
        if (endWaiting(number, why, query)) return;
        // A stream that is answered makes a relay: so relays are looked through last.
        const auto endRelay = [this, number, why, query] {
            _relays.end(number, why, [query](ConnectionReport one) { query->add(std::move(one)); });
        };
        for (const auto& connection : pipe2Connections())
            connection->endOpening(number, why, query, endRelay);
        endRelay();
    });
    return answer;
}

std::future<void> Pipe::change(const Mapping& mapping, std::array<Listeners, 2> listeners) {
    // A function that is posted must be copyable.
    auto changed = std::make_shared<std::promise<void>>();
    auto taken = std::make_shared<std::array<Listeners, 2>>(std::move(listeners));
    _loop.post([this, mapping, taken, changed] {
        takeOver(mapping, std::move(*taken));
        changed->set_value();
    });
    return changed->get_future();
}

void Pipe::takeOver(const Mapping& mapping, std::array<Listeners, 2> listeners) {
    const std::array former{_mapping.endpoint1.port, _mapping.endpoint2.port};
    _mapping = mapping;
    _relays.limitTraffic(traffic());
    onChanged();
    for (auto& port : _listeners)
        for (auto& listener : port)
            _environment.update(*listener);
    for (std::size_t i = 0; i < listeners.size(); ++i) {
        if (endpointAt(i).port == former[i]) continue;
        _listeners[i] = std::move(listeners[i]);
        startListening(i);
    }
    checkListening();
    beginAvailable();
}

bool Pipe::endIdleRelay(std::size_t side, const std::string& address) {
    const auto idle = _environment.limits()->idleRelayYields;
    if (idle.count() == 0) return false;
    return _relays.endIdle(side, address, idle,
                           "it carried no byte for " + std::to_string(idle.count()) +
                               " ms, and its place was needed for another visitor");
}

std::string Pipe::nameOf(const Endpoint& endpoint) const {
    if (!_mapping.hasPorts) return "mapping " + _mapping.id;
    return Poco::format("mapping %s port %hu", _mapping.id, endpoint.port);
}

AgentEndpoint::Names Pipe::namesOf(const Endpoint& endpoint, const Endpoint& other) const {
    return {.endpoint = nameOf(endpoint),
            .authority =
                _mapping.id + ":" + std::to_string(_mapping.hasPorts ? other.port : _environment.frontPort()),
            .mapping = _mapping.id};
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

void Pipe::begin(RelayPeer opener, AgentEndpoint::Partner partner) {
    _loop.assertInLoopThread();
    if (auto* agent = std::get_if<RelayPeer>(&partner))
        joinOpened(_relays, _loop, std::move(opener), std::move(*agent));
    else
        _openings.begin(std::move(opener), *std::get<std::shared_ptr<Pipe2Connection>>(partner));
}

void Pipe::onRefused(RelayPeer opener, const Opening::Refusal& refusal) {
    if (opener.protocol == Protocol::Pipe2)
        refuseStream(_loop, std::move(opener), refusal.status, refusal.reason);
    else
        drop(std::move(opener), "the agent refused it: " + refusal.reason);
}

void Pipe::onNotProcessed(RelayPeer opener, const std::string& why) {
    if (log().debug()) log().debug("mapping %s: an agent did not take a stream: %s", _mapping.id, why);
    if (_closing)
        onRefused(std::move(opener), {503, "the mapping was closed"});
    else
        putBack(std::move(opener)); // for the next agent
}

void Pipe::probeRelays() {
    _relays.forEach([](Relay& relay) { relay.probe(); });
}

const Endpoint& Pipe::endpointAt(std::size_t index) const {
    return index == 0 ? _mapping.endpoint1 : _mapping.endpoint2;
}

void Pipe::startListening(std::size_t index) {
    if (!_mapping.hasPorts) return;
    auto& listeners = _listeners[index];
    auto& entrance = _entrances[index];
    if (!entrance)
        entrance.emplace(_loop, _environment.proxies(), acceptorAt(index), _environment.logs().proxies);
    const auto starts = [&](auto& listener) { return listener->start(_loop, *entrance); };
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
    if (isListening()) log().notice("mapping %s listens on both its ports again", _mapping.id);
}

void Pipe::checkListening() {
    noteListeners();
    const bool isDegraded = !isListening();
    if (isDegraded) _retry.start(_environment.limits()->retryPorts);
    if (isDegraded != std::exchange(_wasDegraded, isDegraded))
        _environment.events().publish(isDegraded ? "mapping-degraded" : "mapping-recovered", _mapping,
                                      isDegraded ? endpointAt(_listeners[0].empty() ? 0 : 1).port : 0);
}

void Pipe::noteListeners() {
    for (std::size_t i = 0; i < _listeners.size(); ++i)
        _lacksPort[i].store(_mapping.hasPorts && _listeners[i].empty(), std::memory_order_relaxed);
}

bool Pipe::isListening() const {
    return !_mapping.hasPorts || (!_listeners[0].empty() && !_listeners[1].empty());
}

void Pipe::onRelayEnded(const Relay& relay) {
    _loop.assertInLoopThread();
    const auto line = [&] {
        return relay.summary(inWords(_mapping)).with("mapping", _mapping.id).with("label", _mapping.label);
    };
    if (_mapping.logRelays.value_or(_environment.logsRelays()))
        _environment.logs().relays.write(_mapping.id, relay.why(), line);
    else if (log().debug())
        line().write(log(), Poco::Message::PRIO_DEBUG);
}

} // namespace connector
