#pragma once

#include "api/AcceptErrors.h"
#include "api/ApiConnection.h"
#include "api/ApiSettings.h"
#include "mapping/MappingService.h"

#include <Poco/Net/Context.h>
#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/TCPServer.h>
#include <Poco/ThreadPool.h>

#include <cstdint>
#include <memory>

namespace connector {

/// The HTTP API: listens, and serves each connection with a thread of its own, up to a bound. start(), stop()
/// and the destructor on one thread; one server a process, because POCO has one error handler a process.
class ApiServer {
  public:
    /// mappings must outlive the server. tls: a server's context, or null for plain HTTP.
    ApiServer(ApiSettings settings, MappingService& mappings, const Poco::Net::Context::Ptr& tls);

    /// Calls stop(), and waits for the requests that were still being answered after that.
    ~ApiServer();

    /// Binds the port and starts serving. Throws std::runtime_error, naming the address, when that can't be
    /// done.
    void start();

    /// Closes the port and the idle connections, and returns when the requests in progress have been
    /// answered, after 2 s at most. What was arriving is answered 503. A stopped server can't be started
    /// again.
    void stop();

    /// The port that is listened on; valid after start().
    std::uint16_t port() const { return _socket.address().port(); }

  private:
    Poco::Net::ServerSocket listen() const;

    const ApiSettings _settings;
    ApiEnvironment _environment;
    AcceptErrors _errors;
    Poco::ErrorHandler* _formerErrors = nullptr;
    Poco::ThreadPool _threads;
    Poco::Net::ServerSocket _socket;
    std::unique_ptr<Poco::Net::TCPServer> _server;
};

} // namespace connector
