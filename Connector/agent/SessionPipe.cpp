#include "agent/SessionPipe.h"

#include "protocol/Greeting.h"

#include <algorithm>

namespace connector {

namespace {

/// So many signs of life fit into Connector's threshold, so that a late one does no harm.
constexpr int kSignsPerThreshold = 3;

/// When neither the configuration nor Connector says how many connections there should be.
constexpr std::size_t kConnections = 2;

/// A connection that has lasted no longer has a successor after a rest only.
constexpr std::chrono::milliseconds kShortLived{1000};

} // namespace

/// One of the connections that the pipe holds, or its next attempt to make one.
class SessionPipe::Slot final : private AuthorizedDialer::Owner {
  public:
    explicit Slot(SessionPipe& pipe) : dialer(pipe.dialling(), *this), _pipe(pipe) {}

    AuthorizedDialer dialer;
    std::shared_ptr<Pipe2Connection> connection; ///< null while there is none, or it goes away
    EventLoop::Clock::time_point since;          ///< when it came

  private:
    void onAuthorized(std::unique_ptr<SocketStream> stream, const Authorization& authorization,
                      std::span<const std::byte> received) override {
        _pipe._authorization = authorization;
        _pipe.onAuthorized(*this, std::move(stream), received);
    }
    void onNotAuthorized(const std::string& why) override { _pipe.onNotAuthorized(*this, why); }

    SessionPipe& _pipe;
};

SessionPipe::SessionPipe(PipeEnvironment& environment_, const AgentPipeSettings& settings,
                         Http2Session::Role role, const Poco::Net::Context::Ptr& tls)
    : AgentPipe(environment_, settings,
                Greeting::ofPipe2(settings.passcode, role == Http2Session::Role::Opens), /*isPipe2*/ true,
                tls),
      _role(role), _settings(settings) {}

SessionPipe::~SessionPipe() = default;

/// Connector says how many there should be, if the configuration doesn't: so the first one comes alone.
void SessionPipe::startConnections() {
    hold(_settings.connections > 0 ? static_cast<std::size_t>(_settings.connections) : 1);
}

void SessionPipe::hurryConnections() {
    for (const auto& slot : _slots)
        slot->dialer.hurry();
}

void SessionPipe::drainConnections() {
    _slots.clear();
    _connections.goAwayAll();
}

void SessionPipe::abortConnections() {
    _connections.endAll("the agent stops");
}

void SessionPipe::hold(std::size_t connections) {
    const auto most = static_cast<std::size_t>(_settings.connectionCount);
    while (_slots.size() < std::min(connections, most)) {
        _slots.push_back(std::make_unique<Slot>(*this));
        readyLog().expect(_slots.size());
        _slots.back()->dialer.dial();
    }
}

void SessionPipe::onAuthorized(Slot& slot, std::unique_ptr<SocketStream> stream,
                               std::span<const std::byte> received) {
    const auto wanted = _authorization.heartbeat / kSignsPerThreshold;
    const auto pingAfter =
        wanted.count() > 0 ? std::min(wanted, _settings.heartbeatFrequency) : _settings.heartbeatFrequency;
    Pipe2Connection::Settings settings{.home = loop(),
                                       .loop = _connections.placeAmong(environment().loops(), loop()),
                                       .role = _role,
                                       .liveness = {pingAfter, _settings.heartbeatAbsenceThreshold},
                                       .authority = _settings.host + ":" + std::to_string(_settings.port),
                                       .openLimit = environment().limits()->open,
                                       .context = environment().http2(),
                                       .hold = lifeline().hold()};
    slot.connection =
        std::make_shared<Pipe2Connection>(std::move(settings), static_cast<Pipe2Connection::Owner&>(*this));
    slot.since = loop().now();
    if (_authorization.streams > 0) slot.connection->watchStreams(static_cast<int>(_authorization.streams));
    _connections.add(slot.connection);
    slot.connection->start(std::move(stream), received);
    readyLog().up(&slot);
    if (_settings.connections == 0)
        hold(_authorization.connections > 0 ? _authorization.connections : kConnections);
    onAvailable();
}

void SessionPipe::onNotAuthorized(Slot& slot, const std::string& why) {
    log().debug("%s: connection failed: %s", name(), why);
    readyLog().down(&slot, why);
}

/// Its successor comes before it has gone, so that there is no gap; but not as fast as somebody can say
/// GOAWAY.
void SessionPipe::onGoingAway(Pipe2Connection& connection) {
    auto* slot = slotOf(connection);
    if (!slot) return;
    slot->connection.reset();
    if (loop().now() - slot->since >= kShortLived)
        slot->dialer.dial();
    else
        slot->dialer.dialLater();
}

void SessionPipe::onManyStreams(Pipe2Connection& connection) {
    const auto many = static_cast<int>(_authorization.streams);
    connection.watchStreams(many);
    const auto isFull = [&](const auto& slot) {
        return slot->connection && slot->connection->streams() > many;
    };
    if (!isDraining() && std::all_of(_slots.begin(), _slots.end(), isFull)) hold(_slots.size() + 1);
}

void SessionPipe::onEnded(Pipe2Connection& connection, const std::string& why) {
    log().debug("%s: connection ended: %s", name(), why);
    if (auto* slot = slotOf(connection)) {
        slot->connection.reset();
        slot->dialer.dialLater();
        readyLog().down(slot, why);
    }
    _connections.remove(connection);
}

SessionPipe::Slot* SessionPipe::slotOf(const Pipe2Connection& connection) {
    for (const auto& slot : _slots)
        if (slot->connection.get() == &connection) return slot.get();
    return nullptr;
}

} // namespace connector
