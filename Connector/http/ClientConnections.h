#pragma once

#include "http/ClientConnection.h"
#include "http/RequestQueue.h"
#include "net/LimitedLog.h"
#include "net/Listener.h"

#include <Poco/AutoPtr.h>
#include <Poco/Net/Context.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

namespace connector {

/// All connections of an HTTP server's clients, and how many there may be. Where a bound is reached, a new
/// connection takes the place of one whose caller the server does not know: the oldest, of the address that
/// has the most such; so those that it does not know can't keep out one that it knows. On the loop's thread,
/// unless a function says otherwise.
class ClientConnections final : private Acceptor, private ClientConnectionOwner {
  public:
    /// tls: null for plain TCP. queue: where requests go. log: is told of connections that had to go; it must
    /// outlive this.
    ClientConnections(EventLoop& loop, const HttpLimits& limits, Poco::Net::Context::Ptr tls,
                      Poco::AutoPtr<RequestQueue> queue, LimitedLog& log);

    /// False when the kernel has no room for another watch.
    bool listen(std::unique_ptr<Listener> listener);

    /// Takes no more connections, and has those that are there end (ClientConnection::stop()).
    void stop();

    /// Ends those that are there.
    void close();

    /// Any thread, after stop() has been posted: returns when none is left, at the latest after that time.
    void waitUntilStopped(std::chrono::milliseconds atMost);

  private:
    /// The oldest first, of one address or one IPv6 /64 (ownerOf()).
    using Connections = std::vector<std::shared_ptr<ClientConnection>>;

    void onAccepted(Descriptor socket, const Poco::Net::SocketAddress& peer,
                    DescriptorBudget::Lease lease) override;
    const HttpLimits& limits() const override { return _limits; }
    void onRequest(ClientRequest request, std::unique_ptr<AnswerReceiver> receiver) override;
    void onEnded(ClientConnection& connection) override;

    std::shared_ptr<ClientConnection> connectionOver(Descriptor socket, const Poco::Net::SocketAddress& peer);
    bool makeRoomFor(const Poco::Net::SocketAddress& peer);
    bool replace(ClientConnection* old, const Poco::Net::SocketAddress& newcomer, const std::string& limit);
    Connections all() const;

    EventLoop& _loop;
    const HttpLimits _limits;
    const Poco::Net::Context::Ptr _tls;
    Poco::AutoPtr<RequestQueue> _queue;
    LimitedLog& _log;
    std::unique_ptr<Listener> _listener;
    std::map<std::string, Connections> _byAddress; ///< none is empty
    std::size_t _count = 0;

    std::mutex _stoppedMutex;
    std::condition_variable _hasStopped;
    bool _stopping = false;
    bool _stopped = false; ///< no connection is left, and none will come
};

} // namespace connector
