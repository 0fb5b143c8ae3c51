#pragma once

#include "http/ClientConnections.h"
#include "http/HttpSettings.h"
#include "http/RequestQueue.h"
#include "net/EventLoops.h"
#include "net/LimitedLog.h"

#include <Poco/Net/Context.h>
#include <Poco/Net/HTTPRequestHandlerFactory.h>
#include <Poco/Net/HTTPServer.h>
#include <Poco/ThreadPool.h>

#include <memory>

namespace connector {

/// A Poco::Net::HTTPServer whose clients can't occupy its threads: an event loop of its own reads the
/// requests and sends the answers, and POCO's threads get complete requests only (RequestQueue). start(),
/// stop() and the destructor on one thread.
class HttpServer {
  public:
    /// factory: makes the handlers. The body that they read is complete. A handler must call
    /// setKeepAlive(true) for the connection to go on. RequestSocket::of() gives what POCO doesn't carry: the
    /// client's certificate, and a problem, which must be the answer. tls: a server's context, or null for
    /// plain HTTP. log: is told of clients that had to go. handshakes: where theirs are counted. They and
    /// sockets must outlive the server.
    /// knows: whether a request is of a known caller; on the event loop, so it must not wait for anything.
    HttpServer(const HttpSettings& settings, Poco::Net::HTTPRequestHandlerFactory::Ptr factory,
               KnowsCaller knows, Poco::Net::Context::Ptr tls, ListeningSockets& sockets, LimitedLog& log,
               HandshakeCounts& handshakes);

    /// Calls stop(), and waits for the requests that were still being answered after that.
    ~HttpServer();

    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;

    /// Binds the port and starts serving. Throws std::runtime_error, naming the address, when that can't be
    /// done.
    void start();

    /// Serves a connection that somebody else has accepted. Any thread, between start() and stop().
    void take(Descriptor socket, const Poco::Net::SocketAddress& peer);

    /// Closes the port and the idle connections, and returns when the requests in progress have been
    /// answered, after 2 s at most. What was arriving is answered 503. A stopped server can't be started
    /// again.
    void stop();

    /// For requests and connections from now on: limits, but for the number of threads, and proxies. tls:
    /// null leaves it as it is, and must be for plain HTTP. Between start() and stop().
    void change(const HttpSettings& settings, Poco::Net::Context::Ptr tls);

  private:
    std::unique_ptr<Listener> listenOn(const Poco::Net::SocketAddress& address) const;
    std::unique_ptr<Listener> listenOnAll() const;
    std::unique_ptr<Listener> listener() const;

    const HttpSettings _settings; ///< as it began
    Reloadable<HttpLimits> _limits;
    Reloadable<TrustedProxies> _proxies;
    ListeningSockets& _sockets;
    const Poco::Net::HTTPRequestHandlerFactory::Ptr _factory;
    EventLoops _loops;                  ///< one
    Poco::AutoPtr<RequestQueue> _queue; ///< behind _loops: requests that are left in it post empty answers
    ClientConnections _connections;
    Poco::ThreadPool _threads;
    std::unique_ptr<Poco::Net::HTTPServer> _server;
};

} // namespace connector
