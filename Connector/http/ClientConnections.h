#pragma once

#include "base/Reloadable.h"
#include "http/ClientConnection.h"
#include "http/RequestQueue.h"
#include "net/LimitedLog.h"
#include "net/Listener.h"
#include "net/ProxyEntrance.h"

#include <Poco/AutoPtr.h>
#include <Poco/Net/Context.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace connector {

/// Whether the server knows who has sent a request. Any thread.
using KnowsCaller = std::function<bool(const Poco::Net::HTTPRequest& head, const ClientRequest& request)>;

/// All connections of an HTTP server's clients, and how many there may be. Where a bound is reached, a new
/// connection takes the place of one whose caller the server does not know: the oldest, of the address that
/// has the most such; so those that it does not know can't keep out one that it knows. On the loop's thread,
/// unless a function says otherwise.
class ClientConnections final : private Acceptor, private ClientConnectionOwner {
  public:
    /// tls: null for plain TCP. queue: where requests go. log: is told of connections that had to go.
    /// handshakes: where theirs are counted. All references must outlive this.
    ClientConnections(EventLoop& loop, const Reloadable<HttpLimits>& limits,
                      const Reloadable<TrustedProxies>& proxies, KnowsCaller knows,
                      Poco::Net::Context::Ptr tls, Poco::AutoPtr<RequestQueue> queue, LimitedLog& log,
                      HandshakeCounts& handshakes);

    /// listener: null when all connections come by take(). False when the kernel has no room for another
    /// watch.
    bool listen(std::unique_ptr<Listener> listener);

    /// Serves a connection that somebody else has accepted, or closes it after stop().
    void take(Descriptor socket, const Poco::Net::SocketAddress& peer);

    /// For connections that come from now on. Not null when it was not.
    void use(Poco::Net::Context::Ptr tls) { _tls = std::move(tls); }

    /// Takes no more connections, and has those that are there end (ClientConnection::stop()).
    void stop();

    /// Ends those that are there; after stop(). None can come any more.
    void close();

    /// Any thread, after stop() has been posted: returns when none is left, at the latest after that time.
    void waitUntilStopped(std::chrono::milliseconds atMost);

  private:
    /// The oldest first, of one address or one IPv6 /64 (ownerOf()).
    using Connections = std::vector<std::shared_ptr<ClientConnection>>;

    void onAccepted(Descriptor socket, const Poco::Net::SocketAddress& peer,
                    DescriptorBudget::Lease lease) override;
    const HttpLimits& limits() const override { return *_limits; }
    void onRequest(ClientRequest request, std::unique_ptr<AnswerReceiver> receiver) override;
    FairTurns& turns() override { return *_turns; }
    HandshakeCounts& handshakes() override { return _handshakes; }
    bool knows(const Poco::Net::HTTPRequest& head, const ClientRequest& request) const override {
        return _knows(head, request);
    }
    void onIdentified() override;
    void onEnded(ClientConnection& connection) override;

    std::shared_ptr<ClientConnection> connectionOver(Descriptor socket, const Poco::Net::SocketAddress& peer);
    bool makeRoomFor(const Poco::Net::SocketAddress& peer);
    bool makeRoomAmongUnidentified(const Poco::Net::SocketAddress& peer);
    void leaveUnidentified();
    bool replace(ClientConnection* old, const Poco::Net::SocketAddress& newcomer, const std::string& limit);
    Connections all() const;

    EventLoop& _loop;
    const Reloadable<HttpLimits>& _limits;
    const Reloadable<TrustedProxies>& _proxies;
    const KnowsCaller _knows;
    Poco::Net::Context::Ptr _tls;
    Poco::AutoPtr<RequestQueue> _queue;
    LimitedLog& _log;
    HandshakeCounts& _handshakes;
    std::optional<ProxyEntrance> _entrance; ///< from listen() to stop()
    std::unique_ptr<Listener> _listener;
    std::map<std::string, Connections> _byAddress; ///< none is empty
    std::size_t _count = 0;
    std::size_t _unidentified = 0;
    std::size_t _replaced = 0;         ///< unidentified ones, since their limit was reached; 0 when it is not
    std::unique_ptr<FairTurns> _turns; ///< from listen() to close()

    std::mutex _stoppedMutex;
    std::condition_variable _hasStopped;
    bool _stopping = false;
    bool _stopped = false; ///< no connection is left, and none will come
};

} // namespace connector
