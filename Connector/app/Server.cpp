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

} // namespace

Server::Server(const Configuration& configuration)
    : _credentials(configuration.credentials()), _limitedLogs(configuration.log),
      _loops(configuration.threads),
      _environment(_loops, configuration.pipes, contextFor(_credentials, ""), _limitedLogs),
      _store(configuration.databaseFile, configuration.database.busy), _ports(configuration.ports),
      _mappings(_environment, _store, _ports, configuration.database, configuration.lastUse, _limitedLogs),
      _apiLogs(configuration.api.identities, _limitedLogs), _api(configuration.api, _mappings, _apiLogs),
      _http(
          configuration.api, new ApiHandlerFactory(_api),
          [this](const Poco::Net::HTTPRequest& head, const ClientRequest& request) {
              return _api.recognize(head, request).verdict == Identities::Verdict::Known;
          },
          contextFor(_credentials, configuration.controllersCaFile), _apiLogs.connections),
      _watchdog(_loops) {
    _http.start(); // before the mappings are back, so that /health can say that they are not
    _mappings.restore();
}

Server::~Server() {
    stop();
}

bool Server::stop() {
    const auto begin = Clock::now();
    _mappings.refuse(begin + kWritesUnderway);
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
}

} // namespace connector
