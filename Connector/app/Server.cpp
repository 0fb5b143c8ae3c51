#include "app/Server.h"

#include "api/ApiHandlerFactory.h"
#include "api/PlainHttp.h"
#include "app/FrontCertificate.h"

#include <Poco/Logger.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <random>

namespace connector {

namespace {

using Clock = DatabaseWriter::Clock;

/// For the database, from the beginning of a stop: so that the process is gone after 5 s.
constexpr std::chrono::milliseconds kStopTime{4500};
/// For the database, when it is left to another process: a disk that is busy is no reason to give up at once.
constexpr std::chrono::milliseconds kSuspendTime{15000};
/// What it has at the least, however long all else took: that does not wait for the disk.
constexpr std::chrono::milliseconds kLastWrites{2000};
/// How long requests that wait for the database do so yet: HttpServer::stop() waits a little longer for them.
constexpr std::chrono::milliseconds kWritesUnderway{1500};
Poco::Net::Context::Ptr contextFor(const std::unique_ptr<TlsCredentials>& credentials,
                                   const std::string& clientCaFile) {
    if (!credentials) return {};
    return makeServerContext(*credentials, clientCaFile);
}

MappingStore storeFor(const Configuration& configuration, Descriptor& lock) {
    const auto busy = configuration.databaseLimits.busy;
    if (configuration.database.isShared())
        return MappingStore::openShared(configuration.database, busy, MappingStore::Tables::MustBeThere);
    return MappingStore(configuration.database.path, busy, std::move(lock));
}

/// Of a shared database.
std::optional<FollowedStores> followedFor(const Configuration& configuration, Descriptor& lock) {
    if (!configuration.database.isShared()) return std::nullopt;
    const auto& location = configuration.database;
    const auto busy = configuration.databaseLimits.busy;
    MappingCache cache(location.cache, busy, std::move(lock));
    // A database that has lost them would have all Connectors close all mappings.
    const auto tables =
        cache.marks().empty() ? MappingStore::Tables::Make : MappingStore::Tables::MustBeThere;
    return FollowedStores{MappingStore::openShared(location, busy, tables), std::move(cache)};
}

/// Of a shared database, each Connector begins at another place, so that they seldom want the same ones.
std::vector<std::uint16_t> portsFor(const Configuration& configuration) {
    auto ports = configuration.ports;
    if (!configuration.database.isShared() || ports.empty()) return ports;
    std::random_device random;
    const auto begin = std::uniform_int_distribution<std::ptrdiff_t>(0, std::ssize(ports) - 1)(random);
    std::rotate(ports.begin(), ports.begin() + begin, ports.end());
    return ports;
}

/// Its limits are the API's; Prometheus alone asks there, and through no proxy.
HttpSettings metricsHttp(const Configuration& configuration) {
    constexpr int kThreads = 2;
    HttpSettings settings{.name = "the metrics",
                          .bind = configuration.metrics.bind,
                          .port = configuration.metrics.port,
                          .limits = configuration.api.limits};
    settings.limits.threads = kThreads;
    return settings;
}

/// It listens where agents and visitors are waited for. Its limits are the API's, and its own; connections
/// are for all addresses together.
HttpSettings plainHttp(const Configuration& configuration, const Poco::Net::IPAddress& address) {
    constexpr int kThreads = 2;
    HttpSettings settings{.name = "front.http-port",
                          .bind = address.toString(),
                          .v6Only = configuration.pipes.bind.size() > 1,
                          .port = configuration.front.httpPort,
                          .limits = configuration.api.limits,
                          .proxies = configuration.front.proxies};
    settings.limits.threads = kThreads;
    const auto share = settings.limits.connections / configuration.pipes.bind.size();
    settings.limits.connections = settings.limits.unidentified = std::max<std::size_t>(share, 1);
    return settings;
}

bool knowsNobody(const Poco::Net::HTTPRequest&, const ClientRequest&) {
    return false;
}

/// For start and reload.
void warnOfMissingWildcard(const FrontSettings& front, const std::unique_ptr<TlsCredentials>& credentials) {
    if (!credentials) return;
    const auto missing = missingWildcard(front, *credentials->current());
    if (!missing.empty()) Poco::Logger::get("front").warning(missing);
}

} // namespace

Server::Server(const Configuration& configuration, Inheritance inheritance)
    : _configuration(configuration), _credentials(configuration.credentials()),
      _limitedLogs(configuration.log), _loops(configuration.threads),
      _environment(_loops, _sockets, configuration.pipes, contextFor(_credentials, ""), _limitedLogs),
      _store(storeFor(configuration, inheritance.databaseLock)), _ports(portsFor(configuration)),
      _mappings(_environment, _store, _ports, configuration.front, configuration.databaseLimits,
                configuration.lastUse, _limitedLogs, followedFor(configuration, inheritance.databaseLock)),
      _metrics(configuration.metrics, _mappings, _environment, _credentials.get()),
      _apiLogs(configuration.api.identities, _limitedLogs),
      _api(configuration.api, configuration.front, _mappings, _metrics, _apiLogs),
      _apiContext(contextFor(_credentials, configuration.controllersCaFile)),
      _frontSettings(configuration.front), _challenges(_limitedLogs.add(PlainHttp::challenges())) {
    warnOfMissingWildcard(configuration.front, _credentials);
    for (auto& socket : inheritance.listeningSockets)
        _sockets.adopt(std::move(socket));
    _frontConnections = std::move(inheritance.frontConnections);
}

void Server::openApi() {
    if (_configuration.metrics.port != 0) openMetricsPort();
    if (_configuration.front.httpPort != 0) openPlainHttp();
    _http = std::make_unique<HttpServer>(
        _configuration.api, new ApiHandlerFactory(_api),
        [this](const Poco::Net::HTTPRequest& head, const ClientRequest& request) {
            return _api.recognize(head, request).verdict == Identities::Verdict::Known;
        },
        _apiContext, _sockets, _apiLogs.connections, _metrics.apiHandshakes());
    _http->start();
    if (_configuration.front.port != 0) openFront();
}

/// What comes for the API is served from now on; agents and visitors wait for serve().
void Server::openFront() {
    try {
        _front = std::make_unique<Front>(_environment, _mappings.open().directory(), _configuration.front,
                                         _metrics.frontArrivals());
    } catch (const Poco::Exception& error) {
        throw std::runtime_error("the front can't listen on port " +
                                 std::to_string(_configuration.front.port) + ": " + error.displayText());
    }
    _front->start([this](Descriptor socket, const Poco::Net::SocketAddress& peer) {
        _http->take(std::move(socket), peer);
    });
    _front->adopt(std::exchange(_frontConnections, {}));
}

/// Plain, and open to all who reach it.
void Server::openMetricsPort() {
    _metricsHttp = std::make_unique<HttpServer>(
        metricsHttp(_configuration), new ApiHandlerFactory(_api, ApiPort::Metrics), knowsNobody,
        Poco::Net::Context::Ptr(), _sockets, _apiLogs.connections, _metrics.apiHandshakes());
    _metricsHttp->start();
}

void Server::openPlainHttp() {
    for (const auto& address : _configuration.pipes.bind)
        _plainHttp
            .emplace_back(std::make_unique<HttpServer>(
                plainHttp(_configuration, address), new PlainHttp(_frontSettings, _challenges), knowsNobody,
                Poco::Net::Context::Ptr(), _sockets, _apiLogs.connections, _metrics.apiHandshakes()))
            ->start();
}

void Server::closeApi() {
    _front.reset();
    if (_metricsHttp) _metricsHttp->stop();
    for (const auto& http : _plainHttp)
        http->stop();
    if (_http) _http->stop();
}

Server::~Server() {
    stop();
}

void Server::restore() {
    _mappings.restore();
}

void Server::serve() {
    _mappings.serve();
    if (_front) _front->serve();
    _sockets.closeKept(); // of a process that this one replaces: what this one has no use for
}

void Server::watch() {
    _watchdog.emplace(_loops);
}

bool Server::suspend() {
    _sockets.keepReleased();
    if (_front) _frontConnections = _front->leave();
    closeApi(); // requests that are under way are answered yet
    const auto begin = Clock::now();
    const bool isSuspended = _mappings.suspend(begin + kWritesUnderway, begin + kSuspendTime);
    _metricsHttp.reset();
    _plainHttp.clear();
    _http.reset();
    return isSuspended;
}

void Server::pauseAccepting() {
    _sockets.pauseAccepting(true);
    _loops.passAll();
}

void Server::resume() {
    _sockets.pauseAccepting(false);
    _mappings.resume();
    openApi();
    if (_front) _front->serve();
    _sockets.closeKept();
}

void Server::drain() {
    _frontConnections.clear(); // the other process has them
    _watchdog.reset();
    _sockets.closeKept();
    _mappings.drain();
    _loops.passAll(); // ports that are left are left first
    _sockets.pauseAccepting(false);
}

bool Server::stop() {
    const auto begin = Clock::now();
    _mappings.refuse(begin + kWritesUnderway);
    closeApi();
    return _mappings.stop(std::max(begin + kStopTime, Clock::now() + kLastWrites));
}

Server::Renewal Server::prepare(const Configuration& configuration, const Configuration& running) const {
    Renewal renewal{configuration.credentials(_credentials.get()), {}};
    // Without a CA there is nothing new in it, and clients would lose their sessions.
    if (!configuration.controllersCaFile.empty() || !running.controllersCaFile.empty())
        renewal.apiContext = contextFor(_credentials, configuration.controllersCaFile);
    return renewal;
}

void Server::change(const Configuration& configuration, const Renewal& renewal) {
    if (_credentials) _credentials->replace(*renewal.credentials);
    _limitedLogs.limit(configuration.log);
    _environment.change(configuration.pipes);
    _mappings.reload(portsFor(configuration), configuration.front, configuration.databaseLimits,
                     configuration.lastUse);
    _apiLogs.add(configuration.api.identities);
    _api.rules.replace(ApiRules(configuration.api, configuration.front));
    if (_http) _http->change(configuration.api, renewal.apiContext); // resume() may have failed
    if (renewal.apiContext) _apiContext = renewal.apiContext;
    _metrics.apply(configuration.metrics);
    if (_front) _front->change(configuration.front);
    if (_metricsHttp) _metricsHttp->change(metricsHttp(configuration), {});
    _frontSettings.replace(configuration.front);
    for (std::size_t i = 0; i < _plainHttp.size(); ++i)
        _plainHttp[i]->change(plainHttp(configuration, configuration.pipes.bind[i]), {});
    warnOfMissingWildcard(configuration.front, _credentials);
    _configuration = configuration;
}

} // namespace connector
