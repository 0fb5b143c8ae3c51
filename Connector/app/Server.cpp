#include "app/Server.h"

#include "api/ApiHandlerFactory.h"

namespace connector {

namespace {

std::optional<TlsCredentials> credentialsOf(const Configuration& configuration) {
    if (configuration.dev) return std::nullopt;
    return std::optional<TlsCredentials>(std::in_place, configuration.certificateFile, configuration.keyFile,
                                         configuration.ocspFile);
}

Poco::Net::Context::Ptr contextFor(const std::optional<TlsCredentials>& credentials,
                                   const std::string& clientCaFile) {
    if (!credentials) return {};
    return makeServerContext(*credentials, clientCaFile);
}

} // namespace

Server::Server(const Configuration& configuration)
    : _credentials(credentialsOf(configuration)), _limitedLogs(configuration.log),
      _loops(configuration.threads),
      _environment(_loops, configuration.pipes, contextFor(_credentials, ""), _limitedLogs),
      _store(configuration.databaseFile), _ports(configuration.ports),
      _mappings(_environment, _store, _ports, configuration.lastUse),
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
    _http.stop();
    _mappings.stop();
}

bool Server::reloadCredentials() {
    if (_credentials) _credentials->reload();
    return _credentials.has_value();
}

bool Server::reloadOcsp() {
    return _credentials && _credentials->reloadOcsp();
}

} // namespace connector
