#include "http/ClientConnections.h"

#include "base/PeerAddress.h"
#include "net/PlainStream.h"

#include <algorithm>

namespace connector {

namespace {

std::string addressOf(const Poco::Net::SocketAddress& peer) {
    return withoutMapping(peer.host()).toString();
}

std::string ownerAt(const Poco::Net::SocketAddress& peer) {
    return ownerOf(withoutMapping(peer.host()));
}

/// What one owner has that may go to make room for others.
struct Expendable {
    std::size_t count = 0;              ///< strangers' connections, also those that are just being answered
    ClientConnection* oldest = nullptr; ///< of those that may go; null: none may

    /// Of two owners with as many, the one goes first whose connection has been here longer: a newcomer has
    /// the time to show who it is, however many addresses others come from.
    bool goesBefore(const Expendable& other) const {
        if (!oldest || !other.oldest) return oldest;
        if (count != other.count) return count > other.count;
        return oldest->acceptedAt() < other.oldest->acceptedAt();
    }
};

Expendable expendableOf(const std::vector<std::shared_ptr<ClientConnection>>& connections) {
    Expendable result;
    for (const auto& connection : connections) {
        if (connection->isOfStranger()) ++result.count;
        if (!result.oldest && connection->isExpendable()) result.oldest = connection.get();
    }
    return result;
}

Expendable
mostExpendableOf(const std::map<std::string, std::vector<std::shared_ptr<ClientConnection>>>& byAddress) {
    Expendable most;
    for (const auto& [address, connections] : byAddress) {
        const auto expendable = expendableOf(connections);
        if (expendable.goesBefore(most)) most = expendable;
    }
    return most;
}

} // namespace

ClientConnections::ClientConnections(EventLoop& loop, const Reloadable<HttpLimits>& limits,
                                     const Reloadable<TrustedProxies>& proxies, KnowsCaller knows,
                                     Poco::Net::Context::Ptr tls, Poco::AutoPtr<RequestQueue> queue,
                                     LimitedLog& log, HandshakeCounts& handshakes)
    : _loop(loop), _limits(limits), _proxies(proxies), _knows(std::move(knows)), _tls(std::move(tls)),
      _queue(std::move(queue)), _log(log), _handshakes(handshakes) {}

bool ClientConnections::listen(std::unique_ptr<Listener> listener) {
    _turns = std::make_unique<FairTurns>(_loop);
    _listener = std::move(listener);
    Acceptor& self = *this;
    _entrance.emplace(_loop, _proxies, self, _log);
    return !_listener || _listener->start(_loop, *_entrance);
}

void ClientConnections::take(Descriptor socket, const Poco::Net::SocketAddress& peer) {
    if (_entrance) onAccepted(std::move(socket), peer, {});
}

void ClientConnections::stop() {
    _listener.reset();
    _entrance.reset();
    for (const auto& connection : all())
        connection->stop();
    const std::lock_guard lock(_stoppedMutex);
    _stopping = true;
    _stopped = _count == 0;
    _hasStopped.notify_all();
}

void ClientConnections::close() {
    for (const auto& connection : all())
        connection->close();
    _turns.reset();
}

void ClientConnections::waitUntilStopped(std::chrono::milliseconds atMost) {
    std::unique_lock lock(_stoppedMutex);
    _hasStopped.wait_for(lock, atMost, [this] { return _stopped; });
}

void ClientConnections::onAccepted(Descriptor socket, const Poco::Net::SocketAddress& peer,
                                   DescriptorBudget::Lease) {
    if (!makeRoomFor(peer)) return;
    const auto connection = connectionOver(std::move(socket), peer);
    _byAddress[connection->address()].push_back(connection);
    ++_count;
    ++_unidentified;
    connection->start();
}

std::shared_ptr<ClientConnection> ClientConnections::connectionOver(Descriptor socket,
                                                                    const Poco::Net::SocketAddress& peer) {
    ClientConnectionOwner& owner = *this;
    if (!_tls)
        return std::make_shared<ClientConnection>(
            _loop, owner, std::make_unique<PlainStream>(std::move(socket), peer, DescriptorBudget::Lease()));
    return std::make_shared<ClientConnection>(
        _loop, owner,
        std::make_unique<TlsStream>(std::move(socket), peer, DescriptorBudget::Lease(), _tls->sslContext()));
}

/// False when every connection that would have to go is one of a caller that the server knows.
bool ClientConnections::makeRoomFor(const Poco::Net::SocketAddress& peer) {
    const auto mine = _byAddress.find(ownerAt(peer));
    if (mine != _byAddress.end() && mine->second.size() >= _limits->connectionsPerAddress)
        return replace(expendableOf(mine->second).oldest, peer, "limits.api-connections-per-address");
    if (_unidentified >= _limits->unidentified) return makeRoomAmongUnidentified(peer);
    return _count < _limits->connections ||
           replace(mostExpendableOf(_byAddress).oldest, peer, "limits.api-connections");
}

/// Its log lines are for the beginning and the end of what may be an attack.
bool ClientConnections::makeRoomAmongUnidentified(const Poco::Net::SocketAddress& peer) {
    const auto most = mostExpendableOf(_byAddress);
    if (_replaced++ == 0)
        _log.write("limits.api-unidentified", "it is reached", [&] {
            return "limits.api-unidentified is reached: connections that have shown no identity are closed "
                   "to "
                   "make room for new ones; " +
                   inWords(most.oldest ? most.oldest->peer() : peer) + " has the most, " +
                   std::to_string(most.count);
        });
    if (most.oldest) most.oldest->close();
    return most.oldest;
}

void ClientConnections::leaveUnidentified() {
    --_unidentified;
    // Not as soon as there is room for one, which would be the end, and the beginning, again and again.
    if (_replaced == 0 || _unidentified > _limits->unidentified / 2) return;
    _log.write("limits.api-unidentified", "it is not reached any more", [&] {
        return "limits.api-unidentified is not reached any more; " + std::to_string(_replaced) +
               " connections have had to go";
    });
    _replaced = 0;
}

void ClientConnections::onIdentified() {
    leaveUnidentified();
}

/// old: null when there is none that may go. newcomer: for whom there is to be room. limit: the one that is
/// reached.
bool ClientConnections::replace(ClientConnection* old, const Poco::Net::SocketAddress& newcomer,
                                const std::string& limit) {
    if (!old) {
        _log.write(newcomer.host(), limit, [&] {
            return "new connection of " + addressOf(newcomer) + " closed: " + limit +
                   " is reached by known callers";
        });
        return false;
    }
    _log.write(old->peer().host(), limit, [&] {
        return "connection of " + addressOf(old->peer()) + " closed to make room for a new one: " + limit +
               " is reached";
    });
    old->close();
    return true;
}

void ClientConnections::onRequest(ClientRequest request, std::unique_ptr<AnswerReceiver> receiver) {
    _queue->push(new RequestSocket(std::move(request), std::move(receiver)));
}

void ClientConnections::onEnded(ClientConnection& connection) {
    if (!connection.isOfKnownCaller()) leaveUnidentified();
    const auto own = _byAddress.find(connection.address());
    auto& connections = own->second;
    const auto ended = std::find_if(connections.begin(), connections.end(),
                                    [&](const auto& other) { return other.get() == &connection; });
    _loop.destroyLater(*ended);
    connections.erase(ended);
    if (connections.empty()) _byAddress.erase(own);
    --_count;
    const std::lock_guard lock(_stoppedMutex);
    _stopped = _stopping && _count == 0;
    _hasStopped.notify_all();
}

ClientConnections::Connections ClientConnections::all() const {
    Connections result;
    for (const auto& [address, connections] : _byAddress)
        result.insert(result.end(), connections.begin(), connections.end());
    return result;
}

} // namespace connector
