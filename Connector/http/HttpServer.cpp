#include "http/HttpServer.h"

#include <Poco/Net/HTTPServerParams.h>

#include <cerrno>
#include <limits>
#include <stdexcept>

namespace connector {

namespace {

using Poco::Net::IPAddress;
using Poco::Net::SocketAddress;

constexpr std::chrono::seconds kStopTime{2};
/// A TCPServer that stops wakes one of its waiting threads only; the others notice after this time.
constexpr std::chrono::milliseconds kThreadIdleTime{250};
/// Connections that the kernel keeps until they are accepted, or as many as net.core.somaxconn. Where there
/// is no room for one, its client tries again after a second only.
constexpr int kBacklog = 4096;

/// What POCO's server takes for its listening socket.
class RequestServerSocket : public Poco::Net::ServerSocket {
  public:
    explicit RequestServerSocket(Poco::AutoPtr<RequestQueue> queue) : ServerSocket(queue.duplicate(), true) {}
};

Poco::Net::HTTPServerParams::Ptr parametersFrom(const HttpLimits& limits) {
    Poco::Net::HTTPServerParams::Ptr parameters = new Poco::Net::HTTPServerParams;
    parameters->setMaxThreads(limits.threads);
    parameters->setThreadIdleTime(std::chrono::microseconds(kThreadIdleTime).count());
    // No connection has more than one in it, so they are as many as there may be connections.
    parameters->setMaxQueued(std::numeric_limits<int>::max());
    // A RequestSocket has one request. So POCO's answers say "close" unless the handler says otherwise.
    parameters->setMaxKeepAliveRequests(1);
    return parameters;
}

} // namespace

HttpServer::HttpServer(const HttpSettings& settings, Poco::Net::HTTPRequestHandlerFactory::Ptr factory,
                       KnowsCaller knows, Poco::Net::Context::Ptr tls, ListeningSockets& sockets,
                       LimitedLog& log, HandshakeCounts& handshakes)
    : _settings(settings), _limits(settings.limits), _proxies(settings.proxies), _sockets(sockets),
      _factory(std::move(factory)), _loops(1, "http"), _queue(new RequestQueue),
      _connections(_loops.next(), _limits, _proxies, std::move(knows), std::move(tls), _queue, log,
                   handshakes),
      // A thread that TCPServer has let go is not free at the pool for a moment yet.
      _threads("http", 2, 2 * _settings.limits.threads) {}

HttpServer::~HttpServer() {
    stop();
    _threads.joinAll();
}

void HttpServer::start() {
    auto port = _settings.listens ? listener() : nullptr;
    _server = std::make_unique<Poco::Net::HTTPServer>(_factory, _threads, RequestServerSocket(_queue),
                                                      parametersFrom(_settings.limits));
    _server->start();
    bool started = false;
    _loops.next().runThere([&] { started = _connections.listen(std::move(port)); });
    if (!started)
        throw std::runtime_error(_settings.name + " can't listen: the kernel has no room for another watch");
}

void HttpServer::take(Descriptor socket, const Poco::Net::SocketAddress& peer) {
    // A function that is posted must be copyable.
    const auto taken = std::make_shared<Descriptor>(std::move(socket));
    _loops.next().post([this, taken, peer] { _connections.take(std::move(*taken), peer); });
}

void HttpServer::stop() {
    if (!_server) return;
    auto& loop = _loops.next();
    loop.runThere([this] { _connections.stop(); });
    _connections.waitUntilStopped(kStopTime);
    loop.runThere([this] { _connections.close(); });
    _server->stop();
    _server.reset();
}

void HttpServer::change(const HttpSettings& settings, Poco::Net::Context::Ptr tls) {
    _limits.replace(settings.limits);
    _proxies.replace(settings.proxies);
    if (tls) _loops.next().runThere([&] { _connections.use(tls); });
}

std::unique_ptr<Listener> HttpServer::listenOn(const SocketAddress& address) const {
    return std::make_unique<Listener>(
        _sockets, address, ListeningSockets::Settings{.v6Only = _settings.v6Only, .backlog = kBacklog},
        nullptr);
}

/// On all addresses; on those of IPv4 alone on a machine without IPv6.
std::unique_ptr<Listener> HttpServer::listenOnAll() const {
    try {
        return listenOn(SocketAddress(IPAddress(IPAddress::IPv6), _settings.port));
    } catch (const Poco::Exception& error) {
        if (error.code() != EAFNOSUPPORT && error.code() != EADDRNOTAVAIL) throw;
        return listenOn(SocketAddress(IPAddress(IPAddress::IPv4), _settings.port));
    }
}

std::unique_ptr<Listener> HttpServer::listener() const {
    try {
        if (_settings.bind.empty()) return listenOnAll();
        // Given a text, POCO asks the resolver for "::", which is unknown where ::1 is the only IPv6 address.
        return listenOn(SocketAddress(IPAddress(_settings.bind), _settings.port));
    } catch (const Poco::Exception& error) {
        throw std::runtime_error(_settings.name + " can't listen on " +
                                 (_settings.bind.empty() ? "*" : _settings.bind) + " port " +
                                 std::to_string(_settings.port) + ": " + error.displayText());
    }
}

} // namespace connector
