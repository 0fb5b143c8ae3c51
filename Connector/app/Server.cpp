#include "app/Server.h"

#include "api/ApiHandlerFactory.h"

#include <algorithm>
#include <chrono>

namespace connector {

namespace {

using Clock = DatabaseWriter::Clock;

/// For the database, from the beginning of a stop: so that the process is gone after 5 s.
constexpr std::chrono::milliseconds kStopTime{4500};
/// What it has at the least, however long all else took: that does not wait for the disk.
constexpr std::chrono::milliseconds kLastWrites{2000};
/// How long requests that wait for the database do so yet: HttpServer::stop() waits a little longer for them.
constexpr std::chrono::milliseconds kWritesUnderway{1500};

Poco::Net::Context::Ptr contextFor(const std::unique_ptr<TlsCredentials>& credentials,
                                   const std::string& clientCaFile) {
    if (!credentials) return {};
    return makeServerContext(*credentials, clientCaFile);
}

/// Its limits are the API's; Prometheus alone asks there.
HttpSettings metricsHttp(const Configuration& configuration) {
    constexpr int kThreads = 2;
    HttpSettings settings{.name = "the metrics",
                          .bind = configuration.metrics.bind,
                          .port = configuration.metrics.port,
                          .limits = configuration.api.limits};
    settings.limits.threads = kThreads;
    return settings;
}

} // namespace

Server::Server(const Configuration& configuration)
    : _credentials(configuration.credentials()), _limitedLogs(configuration.log),
      _loops(configuration.threads),
      _environment(_loops, configuration.pipes, contextFor(_credentials, ""), _limitedLogs),
      _store(configuration.databaseFile, configuration.database.busy), _ports(configuration.ports),
      _mappings(_environment, _store, _ports, configuration.database, configuration.lastUse),
      _metrics(configuration.metrics, _mappings, _environment, _credentials.get()),
      _apiLogs(configuration.api.identities, _limitedLogs),
      _api(configuration.api, _mappings, _metrics, _apiLogs),
      _http(
          configuration.api, new ApiHandlerFactory(_api),
          [this](const Poco::Net::HTTPRequest& head, const ClientRequest& request) {
              return _api.recognize(head, request).verdict == Identities::Verdict::Known;
          },
          contextFor(_credentials, configuration.controllersCaFile), _apiLogs.connections,
          _metrics.apiHandshakes()),
      _watchdog(_loops) {
    if (configuration.metrics.port != 0) startMetricsPort(configuration);
    _http.start(); // before the mappings are back, so that /health can say that they are not
    _mappings.restore();
}

/// Plain, and open to all who reach it.
void Server::startMetricsPort(const Configuration& configuration) {
    _metricsHttp.emplace(
        metricsHttp(configuration), new ApiHandlerFactory(_api, ApiPort::Metrics),
        [](const Poco::Net::HTTPRequest&, const ClientRequest&) { return false; }, Poco::Net::Context::Ptr(),
        _apiLogs.connections, _metrics.apiHandshakes());
    _metricsHttp->start();
}

Server::~Server() {
    stop();
}

bool Server::stop() {
    const auto begin = Clock::now();
    _mappings.refuse(begin + kWritesUnderway);
    if (_metricsHttp) _metricsHttp->stop();
    _http.stop();
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
    _mappings.reload(configuration.ports, configuration.database, configuration.lastUse);
    _apiLogs.add(configuration.api.identities);
    _api.rules.replace(ApiRules(configuration.api));
    _http.change(configuration.api.limits, renewal.apiContext);
    _metrics.apply(configuration.metrics);
    if (_metricsHttp) _metricsHttp->change(metricsHttp(configuration).limits, {});
}

} // namespace connector
