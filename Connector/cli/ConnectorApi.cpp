#include "cli/ConnectorApi.h"

#include "base/JsonFields.h"
#include "base/PeerAddress.h"

#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/Net/HTTPSClientSession.h>
#include <Poco/Util/Application.h>

#include <optional>
#include <utility>

namespace connector {

namespace {

using Poco::Net::HTTPRequest;
using Poco::Net::HTTPResponse;
using Poco::Util::Application;

constexpr const char* kHealth = "/health";
/// It waits for nothing.
constexpr std::chrono::seconds kHealthTimeout{2};

/// The configuration keeps no token, only its digest; so the file is read once more.
std::optional<std::pair<std::string, std::string>> firstToken(const std::string& text) {
    for (auto& identity : JsonFields(parseJsonObject(text)).object("api").objects("identities"))
        if (identity.has("token")) return std::pair{identity.text("name"), identity.text("token")};
    return std::nullopt;
}

/// An address on which the API can be reached from this machine.
std::string hostOf(const ApiSettings& api) {
    const bool isWildcard = api.bind.empty() || api.bind == "0.0.0.0";
    return isWildcard ? "127.0.0.1" : api.bind;
}

std::string urlOf(const Configuration& configuration) {
    return (configuration.dev ? "http://" : "https://") +
           inWords(hostOf(configuration.api), configuration.api.port);
}

} // namespace

ConnectorApi::ConnectorApi(const std::string& configurationFile) {
    const auto text = configurationText(configurationFile);
    _configuration = Configuration::parse(text, configurationFile);
    const auto token = firstToken(text);
    if (token) _tokenOf = token->first;
    const auto host = hostOf(_configuration.api);
    const auto port = _configuration.api.port;
    std::unique_ptr<Poco::Net::HTTPClientSession> session;
    if (_configuration.dev) {
        session = std::make_unique<Poco::Net::HTTPClientSession>(host, port);
    } else {
        _tls = std::make_unique<PinnedTls>(_configuration.certificates.front().certificate);
        session = std::make_unique<Poco::Net::HTTPSClientSession>(host, port, _tls->context());
    }
    use(std::move(session), urlOf(_configuration), token ? token->second : "");
}

ConnectorApi::~ConnectorApi() {
    disconnect();
}

bool ConnectorApi::isReady() {
    bool result = false;
    setTimeout(kHealthTimeout);
    try {
        result = exchange(HTTPRequest::HTTP_GET, kHealth).status == HTTPResponse::HTTP_OK;
    } catch (const Poco::Exception&) { // nothing listens yet, or it does not listen any more
    }
    setTimeout(kUsualTimeout);
    return result;
}

Poco::JSON::Object::Ptr ConnectorApi::health() {
    if (_tls) _tls->acceptOthers();
    setTimeout(kHealthTimeout);
    return get(kHealth, {{"status", NeededMember::Kind::Text}});
}

std::string ConnectorApi::place() const {
    return url() + " (from " + _configuration.file + ")";
}

std::string ConnectorApi::helpWith(int) const {
    if (_tokenOf.empty()) return "api.identities in " + _configuration.file + " has none with a token";
    return "is \"" + _tokenOf + "\" in " + _configuration.file +
           " newer than what the service has read? iofog-connector reload has it read the file again";
}

CommandError ConnectorApi::connectionFailure(const Poco::Exception& error) const {
    if (_tls && _tls->sawAnother())
        return {Application::EXIT_PROTOCOL, "the API at " + place() + " shows another certificate than " +
                                                _configuration.certificates.front().certificate +
                                                "; iofog-connector reload has it read a renewed one"};
    return {Application::EXIT_UNAVAILABLE, "no Connector answers at " + place() + ": " + error.displayText() +
                                               "; iofog-connector start starts it"};
}

} // namespace connector
