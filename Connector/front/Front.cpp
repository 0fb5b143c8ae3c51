#include "front/Front.h"

#include "base/PeerAddress.h"
#include "base/Printable.h"
#include "net/PeekedConnection.h"
#include "net/Timer.h"
#include "protocol/Greeting.h"

#include <Poco/Format.h>

#include <algorithm>
#include <cerrno>
#include <sys/socket.h>

namespace connector {

namespace {

/// The alert unrecognized_name, fatal, in a record of its own (RFC 8446, sections 5.1 and 6).
constexpr std::array<std::uint8_t, 7> kUnrecognizedName{21, 3, 3, 0, 2, 2, 112};

constexpr const char* kNoWatch = "no room to watch another descriptor";

} // namespace

/// A connection until it is known what it wants.
class Front::Arrival final : public PeekedConnection, public Newcomer {
  public:
    Arrival(Front& front, Descriptor socket_, const Poco::Net::SocketAddress& peer_)
        : PeekedConnection(front._loop, std::move(socket_), peer_, {}), _front(front),
          _timer(front._loop, [this] { onTimer(); }) {}

    /// May hand it on.
    void start() {
        _timer.start(_front._environment.limits()->greetingFirstByte);
        look();
        if (isStopped()) return;
        if (!watch()) _front.drop(*this, FrontArrival::Resources, kNoWatch);
    }

    /// Unless it has gone meanwhile.
    void lookAgain() {
        if (!isStopped()) look();
    }

    /// Who sends it byte by byte has it read once, and not each time.
    void look() override {
        if (!hasEnded() && available() < _needed) return;
        const auto room = _front._loop.scratch().first(ClientHello::kMost);
        const auto peeked = peek(room);
        if (peeked < 0 && errno == EAGAIN) return;
        if (peeked <= 0) return _front.drop(*this, FrontArrival::Unspoken, "");
        const auto hello = ClientHello::parse(room.first(static_cast<std::size_t>(peeked)));
        if (hello.verdict != ClientHello::Verdict::Incomplete) return _front.route(*this, hello);
        _needed = std::min(hello.needed, ClientHello::kMost);
        if (hasEnded()) _front.drop(*this, FrontArrival::Unspoken, "");
    }

    /// What has come by now, its ClientHello included.
    void takeAll() {
        const auto room = _front._loop.scratch();
        const auto peeked = peek(room);
        if (peeked > 0) take(room.first(static_cast<std::size_t>(peeked)));
    }

    void end(const std::string& why, AgentRejection) override {
        _front.drop(*this, FrontArrival::Crowded, why);
    }

    void stopTimer() { _timer.cancel(); }

    List::iterator position;

  private:
    void onTimer() {
        if (!isStopped()) _front.drop(*this, FrontArrival::Unspoken, "");
    }

    Front& _front;
    std::size_t _needed = 0; ///< of bytes, before it is looked at again
    Timer _timer;
};

Front::Front(PipeEnvironment& environment, PipeDirectory& directory, const FrontSettings& settings,
             FrontArrivals& arrivals)
    : _environment(environment), _directory(directory), _settings(settings), _proxies(settings.proxies),
      _arrivals(arrivals), _loop(environment.loops().next()), _listeners(environment.listenAtFront()),
      _newcomers([this] { return _settings->connections; }),
      _agents(_loop, environment, directory, "front port " + std::to_string(settings.port), _lifeline,
              _newcomers) {}

Front::~Front() {
    auto gone = _lifeline.future();
    _loop.post([this] {
        _listeners.clear();
        _entrance.reset();
        _waiting.clear();
        _agents.closeAll();
        _loop.post([hold = _lifeline.letGo()] {});
    });
    gone.wait();
}

void Front::start(Api api) {
    _api = std::move(api);
    bool isWatched = true;
    _loop.runThere([this, &isWatched] {
        Acceptor& self = *this;
        _entrance.emplace(_loop, _proxies, self, _environment.logs().proxies);
        for (auto& listener : _listeners)
            isWatched = listener->start(_loop, *_entrance) && isWatched;
    });
    if (!isWatched) throw Poco::IOException(kNoWatch);
}

/// Those that wait are looked at once more.
void Front::serve() {
    _loop.post([this, hold = _lifeline.hold()] {
        _isServing = true;
        const std::vector<std::shared_ptr<Arrival>> waiting(_waiting.begin(), _waiting.end());
        for (const auto& arrival : waiting)
            arrival->lookAgain();
    });
}

FrontConnections Front::leave() {
    FrontConnections left;
    _loop.runThere([&] {
        _listeners.clear();
        _entrance->leave([&](Descriptor socket, const Poco::Net::SocketAddress& proxy) {
            left.push_back({std::move(socket), proxy, /*lacksHeader*/ true});
        });
        while (!_waiting.empty()) {
            auto& arrival = *_waiting.front();
            arrival.stop();
            left.push_back({std::move(arrival.socket), arrival.peer});
            forget(arrival);
        }
    });
    return left;
}

void Front::adopt(FrontConnections connections) {
    _loop.runThere([&] {
        for (auto& [socket, peer, lacksHeader] : connections)
            (lacksHeader ? *_entrance : static_cast<Acceptor&>(*this))
                .onAccepted(std::move(socket), peer, {});
    });
}

void Front::change(const FrontSettings& settings) {
    _settings.replace(settings);
    _proxies.replace(settings.proxies);
    _loop.runThere([this] {
        for (const auto& listener : _listeners)
            _environment.update(*listener);
    });
}

void Front::onAccepted(Descriptor socket, const Poco::Net::SocketAddress& peer, DescriptorBudget::Lease) {
    const auto owner = ownerOf(peer.host());
    const bool isKnown = _agents.knows(owner);
    if (auto* surplus = _newcomers.surplus(owner, isKnown, _loop.now()))
        surplus->end("so many others have not said yet what they want (limits.front-connections)",
                     AgentRejection::Crowded);
    const auto arrival = std::make_shared<Arrival>(*this, std::move(socket), peer);
    arrival->position = _waiting.insert(_waiting.end(), arrival);
    _newcomers.add(*arrival, owner, isKnown, _loop.now());
    arrival->start();
}

/// Where it says nothing that can be understood, the API's TLS says what is wrong.
void Front::route(Arrival& arrival, const ClientHello& hello) {
    const bool isAgent = hello.offers(Greeting::kAlpn);
    const auto name = isAgent ? std::nullopt : nameIn(hello);
    if (!_isServing && (isAgent || name)) return keepUntilServing(arrival);
    if (name) return visit(arrival, *name);
    if (isAgent && !takeLease(arrival)) return;
    arrival.stop();
    _arrivals.add(isAgent ? FrontArrival::Agent : FrontArrival::Api);
    _newcomers.remove(arrival); // or it might have to go for itself
    if (isAgent)
        _agents.entrance().onAccepted(std::move(arrival.socket), arrival.peer, std::move(arrival.lease));
    else
        _api(std::move(arrival.socket), arrival.peer);
    forget(arrival);
}

/// It has said what it wants, and is not to be counted among those that have not.
void Front::keepUntilServing(Arrival& arrival) {
    if (!takeLease(arrival)) return;
    arrival.stopTimer();
    _newcomers.remove(arrival);
}

/// What stands before the domain, if that is not reserved.
std::optional<std::string> Front::nameIn(const ClientHello& hello) const {
    const auto& settings = *_settings;
    const auto suffix = "." + settings.domain;
    if (settings.domain.empty() || !hello.serverName.ends_with(suffix)) return std::nullopt;
    const auto name = hello.serverName.substr(0, hello.serverName.size() - suffix.size());
    return settings.isReserved(name) ? std::nullopt : std::optional(name);
}

void Front::visit(Arrival& arrival, const std::string& name) {
    const auto use = _directory.findVisited(name);
    if (!use) return refuseName(arrival, name);
    if (!takeLease(arrival)) return;
    arrival.stop();
    _arrivals.add(FrontArrival::Visitor);
    use->pipe.takeVisitor(std::move(arrival.socket), arrival.peer, std::move(arrival.lease));
    forget(arrival);
}

/// A socket that is closed with unread bytes is reset, and the alert might be lost.
void Front::refuseName(Arrival& arrival, const std::string& name) {
    arrival.takeAll();
    ::send(arrival.socket.get(), kUnrecognizedName.data(), kUnrecognizedName.size(),
           MSG_NOSIGNAL | MSG_DONTWAIT);
    ::shutdown(arrival.socket.get(), SHUT_WR);
    drop(arrival, FrontArrival::UnknownName, "no mapping that is served has its name",
         ": " + printable(name));
}

bool Front::takeLease(Arrival& arrival) {
    if (!arrival.lease) arrival.lease = _environment.takeLease();
    if (arrival.lease) return true;
    drop(arrival, FrontArrival::Resources, "no descriptor is left for it (limits.descriptors)");
    return false;
}

/// why: one of few; "" when nobody need hear of it.
void Front::drop(Arrival& arrival, FrontArrival as, const std::string& why, const std::string& details) {
    _arrivals.add(as);
    if (!why.empty())
        _environment.logs().front.write(arrival.peer.host(), why, [&] {
            return Poco::format("front port %hu: %s closed: %s%s", _environment.frontPort(),
                                inWords(arrival.peer), why, details);
        });
    forget(arrival);
}

/// It may be the one that is calling.
void Front::forget(Arrival& arrival) {
    arrival.stop();
    _newcomers.remove(arrival);
    _loop.destroyLater(*arrival.position);
    _waiting.erase(arrival.position);
}

} // namespace connector
