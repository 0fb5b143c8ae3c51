#include "agent/ConnectorLink.h"

#include "protocol/Greeting.h"

#include <algorithm>
#include <utility>

namespace connector {

namespace {

/// When neither the configuration nor Connector says how many connections there should be.
constexpr std::size_t kConnections = 2;

/// A connection that has lasted no longer has a successor after a rest only.
constexpr std::chrono::milliseconds kShortLived{1000};

/// What rests grow to while the pipe has other Connectors: visitors come to one that is there again before
/// its agents do, and wait for 10 s.
constexpr std::chrono::milliseconds kLongestRest{8000};

/// How often, at the least, a link in reserve looks where its address leads: it may have been given to
/// another machine. The second half is left to chance, so that agents that began together don't come
/// together.
constexpr std::chrono::minutes kReserve{10};

Remote remoteOf(const ConnectorAddress& address, std::uint16_t port, const Poco::Net::Context::Ptr& tls) {
    const auto host = address.proxy ? address.host : address.address.value().host().toString();
    return Remote(host, port, tls,
                  {.certificateName = address.host, .alpn = {Greeting::kAlpn}, .proxy = address.proxy});
}

/// A pipe with one host that is an address is called by it already.
std::string nameOf(const std::string& pipe, const AgentPipeSettings& settings,
                   const ConnectorAddress& address) {
    const auto own = address.toString();
    return settings.hosts.size() == 1 && settings.hosts.front() == own ? pipe : pipe + " at " + own;
}

} // namespace

/// One of the connections that the link holds, or its next attempt to make one.
class ConnectorLink::Slot final : private AuthorizedDialer::Owner {
  public:
    explicit Slot(ConnectorLink& link) : dialer(link._dial, *this), _link(link) {}

    AuthorizedDialer dialer;
    std::shared_ptr<Pipe2Connection> connection; ///< null while there is none, or it goes away
    std::string instance;                        ///< of the Connector that it leads to
    EventLoop::Clock::time_point since;          ///< when it came
    bool hasFailed = false;                      ///< the latest attempt has

  private:
    void onAuthorized(std::unique_ptr<SocketStream> stream, const Authorization& authorization,
                      std::span<const std::byte> received) override {
        _link.onAuthorized(*this, std::move(stream), authorization, received);
    }
    void onNotAuthorized(const std::string& why, const std::string& instance_) override {
        _link.onNotAuthorized(*this, why, instance_);
    }
    std::chrono::milliseconds longestRest() const override {
        return _link._shared.owner.isConnectedElsewhere(_link) ? kLongestRest : Backoff::kLongest;
    }

    ConnectorLink& _link;
};

ConnectorLink::ConnectorLink(const Shared& shared, const AgentPipeSettings& settings,
                             const ConnectorAddress& address, const Poco::Net::Context::Ptr& tls)
    : _shared(shared), _address(address), _name(nameOf(shared.name, settings, address)), _port(settings.port),
      _connections(static_cast<std::size_t>(settings.connections)),
      _most(static_cast<std::size_t>(settings.connectionCount)),
      _dial{.loop = shared.loop,
            .resolver = shared.resolver,
            .connectors = {remoteOf(address, settings.port, tls)},
            .greeting = shared.greeting,
            .isPipe2 = true,
            .turns = {},
            .random = std::minstd_rand(std::random_device()())},
      _readyLog(shared.loop, shared.log, _name) {}

ConnectorLink::~ConnectorLink() {
    _dial.turns.close(); // a slot that goes gives its turn back
}

/// Connector says how many there should be, if the configuration doesn't: so the first one comes alone.
void ConnectorLink::start() {
    hold(_connections > 0 ? _connections : 1);
}

void ConnectorLink::renewTls(const Poco::Net::Context::Ptr& tls) {
    _dial.use(tls);
    for (const auto& slot : _slots)
        slot->dialer.hurry();
}

void ConnectorLink::letGo() {
    _readyLog.stop();
    for (const auto& slot : _slots)
        if (const auto connection = std::exchange(slot->connection, nullptr)) connection->goAway();
}

std::string ConnectorLink::authority() const {
    return _address.host + ":" + std::to_string(_port);
}

bool ConnectorLink::isConnected() const {
    return std::any_of(_slots.begin(), _slots.end(),
                       [](const auto& slot) { return slot->connection != nullptr; });
}

bool ConnectorLink::holds(const std::string& instance) const {
    return std::any_of(_slots.begin(), _slots.end(),
                       [&](const auto& slot) { return slot->connection && slot->instance == instance; });
}

void ConnectorLink::hold(std::size_t connections) {
    while (_slots.size() < std::min(connections, _most)) {
        _slots.push_back(std::make_unique<Slot>(*this));
        _readyLog.expect(_slots.size());
        _slots.back()->dialer.dial();
    }
}

void ConnectorLink::onAuthorized(Slot& slot, std::unique_ptr<SocketStream> stream,
                                 const Authorization& authorization, std::span<const std::byte> received) {
    const auto connection = _shared.owner.makeConnection(*this, authorization);
    const bool isNeeded = !_shared.owner.isHeldElsewhere(*this, authorization.instance);
    if (isNeeded) {
        slot.connection = connection;
        slot.instance = authorization.instance;
        slot.since = _shared.loop.now();
        _manyStreams = authorization.streams;
        if (_manyStreams > 0) connection->watchStreams(static_cast<int>(_manyStreams));
    }
    connection->start(std::move(stream), received); // first: `received` may be in a buffer that others use
    if (!isNeeded) {
        connection->goAway();
        return reserve(slot, authorization.instance);
    }
    slot.hasFailed = false;
    endReserve();
    for (const auto& other : _slots)
        if (other->hasFailed) other->dialer.hurry(); // Connector is there again
    _readyLog.up(&slot);
    if (_connections == 0) hold(authorization.connections > 0 ? authorization.connections : kConnections);
    _shared.owner.onConnected();
}

void ConnectorLink::onNotAuthorized(Slot& slot, const std::string& why, const std::string& instance) {
    if (_shared.owner.isHeldElsewhere(*this, instance)) return reserve(slot, instance);
    slot.hasFailed = true;
    // While none is there, the first one looks for Connector, and the others are told.
    if (!isConnected() && &slot != _slots.front().get()) slot.dialer.rest(Backoff::kLongest);
    _shared.log.debug("%s: connection failed: %s", _name, why);
    _readyLog.down(&slot, why);
    _shared.owner.onNotConnected(*this, why);
}

/// A place that it took would be one less for others.
void ConnectorLink::reserve(Slot& slot, const std::string& instance) {
    const std::chrono::milliseconds longest = kReserve;
    std::uniform_int_distribution<std::chrono::milliseconds::rep> rest(longest.count() / 2, longest.count());
    slot.dialer.rest(std::chrono::milliseconds(rest(_dial.random)));
    if (_reserveOf.empty())
        _shared.log.information("%s: it leads to a Connector that is connected by another address, and is "
                                "kept in reserve",
                                _name);
    _reserveOf = instance;
    _readyLog.expect(0);
}

void ConnectorLink::endReserve() {
    if (_reserveOf.empty()) return;
    _reserveOf.clear();
    _readyLog.expect(_slots.size());
    for (const auto& slot : _slots)
        slot->dialer.hurry();
}

void ConnectorLink::onConnectionsChanged() {
    if (!_shared.owner.isHeldElsewhere(*this, _reserveOf)) endReserve();
}

/// Its successor comes before it has gone, so that there is no gap; but not as fast as somebody can say
/// GOAWAY.
bool ConnectorLink::onGoingAway(const Pipe2Connection& connection) {
    auto* slot = slotOf(connection);
    if (!slot) return false;
    slot->connection.reset();
    if (_shared.loop.now() - slot->since >= kShortLived)
        slot->dialer.dial();
    else
        slot->dialer.dialLater();
    return true;
}

bool ConnectorLink::onManyStreams(Pipe2Connection& connection) {
    if (!slotOf(connection)) return false;
    const auto many = static_cast<int>(_manyStreams);
    connection.watchStreams(many);
    const auto isFull = [&](const auto& slot) {
        return slot->connection && slot->connection->streams() > many;
    };
    if (std::all_of(_slots.begin(), _slots.end(), isFull)) hold(_slots.size() + 1);
    return true;
}

bool ConnectorLink::onEnded(const Pipe2Connection& connection, const std::string& why) {
    auto* slot = slotOf(connection);
    if (!slot) return false;
    _shared.log.debug("%s: connection ended: %s", _name, why);
    slot->connection.reset();
    slot->dialer.dialLater();
    _readyLog.down(slot, why);
    return true;
}

ConnectorLink::Slot* ConnectorLink::slotOf(const Pipe2Connection& connection) {
    for (const auto& slot : _slots)
        if (slot->connection.get() == &connection) return slot.get();
    return nullptr;
}

} // namespace connector
