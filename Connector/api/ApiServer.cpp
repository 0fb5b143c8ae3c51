#include "api/ApiServer.h"

#include <Poco/Net/TCPServerConnectionFactory.h>
#include <Poco/Net/TCPServerParams.h>

#include <cerrno>
#include <stdexcept>

namespace connector {

namespace {

using Poco::Net::IPAddress;
using Poco::Net::ServerSocket;
using Poco::Net::SocketAddress;

constexpr std::chrono::seconds kStopTime{2};
/// Connections that the kernel keeps until they are accepted.
constexpr int kBacklog = 128;

class ConnectionFactory : public Poco::Net::TCPServerConnectionFactory {
  public:
    explicit ConnectionFactory(ApiEnvironment& environment) : _environment(environment) {}

    Poco::Net::TCPServerConnection* createConnection(const Poco::Net::StreamSocket& socket) override {
        return new ApiConnection(socket, _environment); // TCPServer deletes it
    }

  private:
    ApiEnvironment& _environment;
};

/// Not with SO_REUSEPORT, which POCO sets unless told otherwise: a second Connector would share the port
/// unnoticed.
void bind(ServerSocket& socket, const SocketAddress& address) {
    constexpr bool kReuseAddress = true;
    constexpr bool kReusePort = false;
    constexpr bool kIPv6Only = false;
    if (address.family() == SocketAddress::IPv6)
        socket.bind6(address, kReuseAddress, kReusePort, kIPv6Only);
    else
        socket.bind(address, kReuseAddress, kReusePort);
}

/// All addresses; those of IPv4 alone on a machine without IPv6.
void bindAll(ServerSocket& socket, std::uint16_t port) {
    try {
        bind(socket, SocketAddress(IPAddress(IPAddress::IPv6), port));
    } catch (const Poco::Exception& error) {
        if (error.code() != EAFNOSUPPORT && error.code() != EADDRNOTAVAIL) throw;
        socket = ServerSocket();
        bind(socket, SocketAddress(IPAddress(IPAddress::IPv4), port));
    }
}

} // namespace

ApiServer::ApiServer(ApiSettings settings, MappingService& mappings, const Poco::Net::Context::Ptr& tls)
    : _settings(std::move(settings)), _environment{.limits = _settings.limits,
                                                   .router = ApiRouter(_settings, mappings),
                                                   .tls = tls,
                                                   .log = Poco::Logger::get("api"),
                                                   .callers = CallersLog(Poco::Logger::get("api")),
                                                   .stop = {},
                                                   .slots = ConnectionSlots(
                                                       _settings.limits.connectionsPerAddress)},
      _errors(_environment.callers),
      // A thread that TCPServer has let go is not free at the pool for a moment yet.
      _threads("api", 2, 2 * _settings.limits.threads) {}

ApiServer::~ApiServer() {
    stop();
    _threads.joinAll();
}

void ApiServer::start() {
    _socket = listen();
    Poco::Net::TCPServerParams::Ptr parameters = new Poco::Net::TCPServerParams;
    parameters->setMaxThreads(_settings.limits.threads);
    parameters->setMaxQueued(_settings.limits.queue);
    _server = std::make_unique<Poco::Net::TCPServer>(new ConnectionFactory(_environment), _threads, _socket,
                                                     parameters);
    _formerErrors = Poco::ErrorHandler::set(&_errors);
    _server->start();
}

void ApiServer::stop() {
    if (!_server) return;
    _environment.stop.raise();
    _server->stop();
    _server.reset();
    _socket.close();
    _environment.slots.waitUntilEmpty(kStopTime);
    Poco::ErrorHandler::set(_formerErrors);
}

ServerSocket ApiServer::listen() const {
    ServerSocket socket;
    try {
        if (_settings.bind.empty())
            bindAll(socket, _settings.port);
        else
            bind(socket, SocketAddress(_settings.bind, _settings.port));
        socket.listen(kBacklog);
    } catch (const Poco::Exception& error) {
        throw std::runtime_error("the API can't listen on " +
                                 (_settings.bind.empty() ? "*" : _settings.bind) + " port " +
                                 std::to_string(_settings.port) + ": " + error.displayText());
    }
    return socket;
}

} // namespace connector
