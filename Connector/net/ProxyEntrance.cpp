#include "net/ProxyEntrance.h"

#include "base/PeerAddress.h"
#include "net/IncomingProxyHeader.h"
#include "net/PeekedConnection.h"
#include "net/Timer.h"

#include <Poco/Format.h>

#include <cerrno>
#include <sys/socket.h>

namespace connector {

namespace {

/// How long a proxy's own connection may say nothing before it is handed on: one that only looks whether
/// somebody listens is gone by then, and nobody need hear of it.
constexpr std::chrono::milliseconds kOwnSilence{100};

std::uint16_t localPortOf(int socket) {
    sockaddr_storage address{};
    socklen_t length = sizeof address;
    if (::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &length) != 0) return 0;
    return Poco::Net::SocketAddress(reinterpret_cast<const sockaddr*>(&address), length).port();
}

bool isLoopback(const Poco::Net::SocketAddress& address) {
    return withoutMapping(address.host()).isLoopback();
}

} // namespace

/// A connection from a proxy, until its header has come.
class ProxyEntrance::Waiting final : public PeekedConnection {
  public:
    Waiting(ProxyEntrance& entrance, Descriptor socket_, const Poco::Net::SocketAddress& proxy,
            DescriptorBudget::Lease lease_)
        : PeekedConnection(entrance._loop, std::move(socket_), proxy, std::move(lease_)), _entrance(entrance),
          _timer(entrance._loop, [this] { onTimer(); }) {}

    /// May end the waiting.
    void start() {
        look();
        if (isStopped()) return;
        if (!_isOwn) _timer.start(_entrance._proxies->headerTime);
        if (!watch()) _entrance.reject(*this, "no room to watch another descriptor");
    }

    /// Its header has come, and is the proxy's own.
    bool isOwn() const { return _isOwn; }

    List::iterator position;

  private:
    /// The header stays in the kernel until all of it is there: so what follows it is never taken along.
    void look() override {
        if (_isOwn) return lookForWords();
        const auto room = _entrance._loop.scratch().first(IncomingProxyHeader::kMost);
        const auto peeked = peek(room);
        if (peeked < 0 && errno == EAGAIN) return;
        if (peeked <= 0) return onEnded();
        _hasBegun = true;
        const auto header = IncomingProxyHeader::parse(room.first(static_cast<std::size_t>(peeked)));
        switch (header.verdict) {
        case IncomingProxyHeader::Verdict::Malformed:
            return _entrance.reject(*this, "its PROXY header is wrong", ": " + header.problem);
        case IncomingProxyHeader::Verdict::Incomplete:
            return hasEnded() ? onEnded() : void();
        case IncomingProxyHeader::Verdict::Complete:
            take(room.first(header.length));
            return onHeader(header.source);
        }
    }

    /// An address that means this machine to the proxy means another one here.
    void onHeader(const std::optional<Poco::Net::SocketAddress>& source) {
        if (source && (isLoopback(peer) || !isLoopback(*source))) return _entrance.enter(*this, *source);
        _isOwn = true;
        _timer.start(kOwnSilence);
        lookForWords();
    }

    void lookForWords() {
        std::byte first{};
        const auto peeked = peek(std::span(&first, 1));
        if (peeked > 0) return _entrance.enter(*this, peer);
        if (peeked == 0 || errno != EAGAIN) _entrance.remove(*this);
    }

    /// Who connects only to see whether somebody listens has done nothing wrong.
    void onEnded() {
        if (_hasBegun) return _entrance.reject(*this, "it ended within its PROXY header");
        _entrance.remove(*this);
    }

    void onTimer() {
        if (isStopped()) return;
        if (_isOwn) return _entrance.enter(*this, peer);
        _entrance.reject(*this, _hasBegun ? "its PROXY header did not come in time"
                                          : "no PROXY header came in time");
    }

    ProxyEntrance& _entrance;
    Timer _timer;
    bool _hasBegun = false; ///< something has come
    bool _isOwn = false;
};

ProxyEntrance::ProxyEntrance(EventLoop& loop, const Reloadable<TrustedProxies>& proxies, Acceptor& acceptor,
                             LimitedLog& log)
    : _loop(loop), _proxies(proxies), _acceptor(acceptor), _log(log) {}

ProxyEntrance::~ProxyEntrance() = default;

void ProxyEntrance::onAccepted(Descriptor socket, const Poco::Net::SocketAddress& peer,
                               DescriptorBudget::Lease lease) {
    _loop.assertInLoopThread();
    const auto& proxies = *_proxies;
    if (proxies.networks.empty() || !proxies.include(peer.host()))
        return _acceptor.onAccepted(std::move(socket), peer, std::move(lease));
    const auto waiting = std::make_shared<Waiting>(*this, std::move(socket), peer, std::move(lease));
    waiting->position = _waiting.insert(_waiting.end(), waiting);
    waiting->start();
    while (_waiting.size() > proxies.waiting)
        reject(*_waiting.front(), "so many others wait for theirs (limits.proxy-headers)");
}

/// Whose header has come, and is taken, can only be closed: those are the proxy's own.
void ProxyEntrance::leave(const Take& take) {
    while (!_waiting.empty()) {
        auto& waiting = *_waiting.front();
        waiting.stop();
        if (!waiting.isOwn()) take(std::move(waiting.socket), waiting.peer);
        remove(waiting);
    }
}

void ProxyEntrance::closeAll() {
    _waiting.clear();
}

void ProxyEntrance::enter(Waiting& waiting, const Poco::Net::SocketAddress& from) {
    waiting.stop();
    auto socket = std::move(waiting.socket);
    auto lease = std::move(waiting.lease);
    remove(waiting);
    _acceptor.onAccepted(std::move(socket), from, std::move(lease));
}

void ProxyEntrance::reject(Waiting& waiting, const std::string& problem, const std::string& details) {
    _log.write(waiting.peer.host(), problem, [&] {
        return Poco::format("connection from proxy %s to port %hu closed: %s%s", inWords(waiting.peer),
                            localPortOf(waiting.socket.get()), problem, details);
    });
    remove(waiting);
}

/// It may be the one that is calling.
void ProxyEntrance::remove(Waiting& waiting) {
    waiting.stop();
    _loop.destroyLater(*waiting.position);
    _waiting.erase(waiting.position);
}

} // namespace connector
