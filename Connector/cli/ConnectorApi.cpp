#include "cli/ConnectorApi.h"

#include "base/JsonFields.h"
#include "base/Uuid.h"
#include "cli/CommandError.h"
#include "model/MappingName.h"

#include <Poco/Clock.h>
#include <Poco/JSON/Array.h>
#include <Poco/JSON/ParseHandler.h>
#include <Poco/JSON/Parser.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/Net/HTTPSClientSession.h>
#include <Poco/StreamCopier.h>
#include <Poco/URI.h>
#include <Poco/Util/Application.h>

namespace connector {

namespace {

using Poco::Net::HTTPRequest;
using Poco::Net::HTTPResponse;
using Poco::Util::Application;

/// Longer than the API takes for anything, a slow disk's commit included.
constexpr std::chrono::seconds kTimeout{60};
/// /health waits for nothing.
constexpr std::chrono::seconds kHealthTimeout{2};
/// How long it takes at the most to see that nobody waits for an answer any more.
constexpr std::chrono::milliseconds kStopSeen{50};
constexpr std::size_t kPageSize = 1000;
constexpr const char* kMappings = "/api/v2/mapping";
constexpr const char* kHealth = "/health";
/// What lines of server-sent events begin with.
constexpr std::string_view kEvent = "event: ";
constexpr std::string_view kData = "data: ";

using Kind = NeededMember::Kind;
const NeededMembers kOfEveryMapping{{"id", Kind::Text},       {"type", Kind::Text},  {"port1", Kind::Number},
                                    {"port2", Kind::Number},  {"state", Kind::Text}, {"relays", Kind::Number},
                                    {"created", Kind::Number}};
const NeededMembers kOfPublicMapping{{"agentswaiting", Kind::Number}, {"visitorswaiting", Kind::Number}};
const NeededMembers kOfPrivateMapping{{"agentswaitingport1", Kind::Number},
                                      {"agentswaitingport2", Kind::Number}};

bool isOfKind(const Poco::Dynamic::Var& value, Kind kind) {
    switch (kind) {
    case Kind::Text:
        return value.isString();
    case Kind::Number:
        return value.isInteger() && !value.isBoolean();
    case Kind::List:
        return value.type() == typeid(Poco::JSON::Array::Ptr);
    }
    return false;
}

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
    const auto host = hostOf(configuration.api);
    const bool isIPv6 = host.find(':') != std::string::npos;
    return (configuration.dev ? "http://" : "https://") + (isIPv6 ? "[" + host + "]" : host) + ":" +
           std::to_string(configuration.api.port);
}

std::string textOf(const Poco::JSON::Object& object) {
    std::ostringstream text;
    object.stringify(text);
    return text.str();
}

Poco::JSON::Object::Ptr parse(const std::string& text) {
    // The keys stay in the order in which the API has them.
    Poco::JSON::Parser parser(new Poco::JSON::ParseHandler(true));
    return parser.parse(text).extract<Poco::JSON::Object::Ptr>();
}

int exitCodeFor(int status) {
    switch (status) {
    case HTTPResponse::HTTP_BAD_REQUEST:
    case HTTPResponse::HTTP_NOT_FOUND:
        return Application::EXIT_DATAERR;
    case HTTPResponse::HTTP_UNAUTHORIZED:
    case HTTPResponse::HTTP_FORBIDDEN:
        return Application::EXIT_NOPERM;
    case HTTPResponse::HTTP_SERVICE_UNAVAILABLE:
        return Application::EXIT_TEMPFAIL;
    default:
        return Application::EXIT_UNAVAILABLE;
    }
}

} // namespace

ConnectorApi::ConnectorApi(const std::string& configurationFile) {
    const auto text = configurationText(configurationFile);
    _configuration = Configuration::parse(text, configurationFile);
    _token = firstToken(text);
    _url = urlOf(_configuration);
    const auto host = hostOf(_configuration.api);
    if (_configuration.dev) {
        _session = std::make_unique<Poco::Net::HTTPClientSession>(host, _configuration.api.port);
    } else {
        _tls = std::make_unique<PinnedTls>(_configuration.certificateFile);
        _session =
            std::make_unique<Poco::Net::HTTPSClientSession>(host, _configuration.api.port, _tls->context());
    }
    connectAnew(kTimeout);
    _session->setKeepAlive(true);
}

void ConnectorApi::giveUp(std::chrono::seconds timeout, std::stop_token stop) {
    connectAnew(timeout);
    _stop = std::move(stop);
}

bool ConnectorApi::isReady() {
    bool result = false;
    connectAnew(kHealthTimeout);
    try {
        result = exchange(HTTPRequest::HTTP_GET, kHealth, "").status == HTTPResponse::HTTP_OK;
    } catch (const Poco::Exception&) { // nothing listens yet, or it does not listen any more
    }
    connectAnew(kTimeout);
    return result;
}

Poco::JSON::Object::Ptr ConnectorApi::health() {
    if (_tls) _tls->acceptOthers();
    connectAnew(kHealthTimeout);
    return get(kHealth, {{"status", Kind::Text}});
}

void ConnectorApi::connectAnew(std::chrono::seconds timeout) {
    _session->reset();
    _session->setTimeout(Poco::Timespan(timeout.count(), 0));
}

Poco::JSON::Object::Ptr ConnectorApi::get(const std::string& path, const NeededMembers& needed) {
    auto result = resultOf(request(HTTPRequest::HTTP_GET, path));
    check(*result, needed);
    return result;
}

Poco::JSON::Object::Ptr ConnectorApi::post(const std::string& path, const Poco::JSON::Object& body,
                                           const NeededMembers& needed) {
    auto result = resultOf(request(HTTPRequest::HTTP_POST, path, textOf(body)));
    check(*result, needed);
    return result;
}

std::vector<Poco::JSON::Object::Ptr> ConnectorApi::mappings() {
    std::vector<Poco::JSON::Object::Ptr> result;
    const std::string first = std::string(kMappings) + "?limit=" + std::to_string(kPageSize);
    for (std::string path = first; !path.empty();) {
        const auto page = get(path, {{"mappings", Kind::List}});
        for (const auto& mapping : *page->getArray("mappings"))
            result.push_back(checkedMapping(mapping));
        std::string next;
        if (page->has("next")) {
            check(*page, {{"next", Kind::Text}});
            Poco::URI::encode(page->getValue<std::string>("next"), "&+#%=", next);
        }
        path = next.empty() ? "" : first + "&after=" + next;
    }
    return result;
}

/// What is no mapping's name stays as it is: it may be an id. A server of before has no names, and looks for
/// none.
std::string ConnectorApi::idOf(const std::string& which) {
    if (!isLabel(which) || isUuid(which)) return which;
    const auto answer = get(std::string(kMappings) + "?name=" + which, {{"mappings", Kind::List}});
    for (const auto& one : *answer->getArray("mappings")) {
        const auto mapping = checkedMapping(one);
        if (mapping->optValue<std::string>("name", "") == which) return mapping->getValue<std::string>("id");
    }
    return which;
}

std::string ConnectorApi::pathOf(const std::string& which) {
    std::string encoded;
    Poco::URI::encode(idOf(which), "!*'();:@&=+$,/?#[]%", encoded);
    return std::string(kMappings) + "/" + encoded;
}

Poco::JSON::Object::Ptr ConnectorApi::mapping(const std::string& which) {
    return checkedMapping(get(pathOf(which), {}));
}

Poco::JSON::Object::Ptr ConnectorApi::findConnections(const std::string& which) {
    try {
        return connections(which);
    } catch (const CommandError& error) {
        if (error.exitCode() == Application::EXIT_DATAERR) return nullptr; // 404
        throw;
    }
}

Poco::JSON::Object::Ptr ConnectorApi::removeMapping(const std::string& which) {
    Poco::JSON::Object body;
    body.set("mappingid", idOf(which));
    return post(std::string(kMappings) + "/remove", body, {{"id", Kind::Text}});
}

Poco::JSON::Object::Ptr ConnectorApi::changeMapping(const std::string& which,
                                                    const Poco::JSON::Object& members) {
    return checkedMapping(resultOf(request(HTTPRequest::HTTP_PATCH, pathOf(which), textOf(members))));
}

Poco::JSON::Object::Ptr ConnectorApi::changePasscode(const std::string& which,
                                                     const Poco::JSON::Object& body) {
    return post(pathOf(which) + "/passcode", body, {{"id", Kind::Text}, {"overlap", Kind::Number}});
}

Poco::JSON::Object::Ptr ConnectorApi::connections(const std::string& which) {
    return get(pathOf(which) + "/connections", {{"agents", Kind::List}, {"visitors", Kind::List}});
}

Poco::JSON::Object::Ptr ConnectorApi::endConnection(const std::string& which, std::int64_t number) {
    return resultOf(
        request(HTTPRequest::HTTP_DELETE, pathOf(which) + "/connections/" + std::to_string(number)));
}

void ConnectorApi::followEvents(const OnEvent& onEvent) {
    const auto silence =
        std::chrono::ceil<std::chrono::seconds>(_configuration.pipes.limits.events.heartbeat);
    connectAnew(kTimeout + silence);
    try {
        Answer answer;
        auto& stream = send(HTTPRequest::HTTP_GET, "/api/v2/events", "", answer.status);
        if (answer.status != HTTPResponse::HTTP_OK) {
            Poco::StreamCopier::copyToString(stream, answer.text);
            resultOf(answer);
        }
        std::string name;
        for (std::string line; std::getline(stream, line);)
            if (line.starts_with(kEvent))
                name = line.substr(kEvent.size());
            else if (line.starts_with(kData))
                onEvent(name, *parse(line.substr(kData.size())));
    } catch (const Poco::Exception& error) {
        refuseConnection(error);
    }
}

Poco::JSON::Object::Ptr ConnectorApi::checkedMapping(const Poco::Dynamic::Var& mapping) const {
    if (mapping.type() != typeid(Poco::JSON::Object::Ptr)) refuseAnswer("a mapping is no object");
    auto object = mapping.extract<Poco::JSON::Object::Ptr>();
    check(*object, kOfEveryMapping);
    check(*object, object->has("agentswaiting") ? kOfPublicMapping : kOfPrivateMapping);
    return object;
}

void ConnectorApi::check(const Poco::JSON::Object& answer, const NeededMembers& needed) const {
    for (const auto& [name, kind] : needed)
        if (!answer.has(name))
            refuseAnswer("no \"" + std::string(name) + "\"");
        else if (!isOfKind(answer.get(name), kind))
            refuseAnswer("\"" + std::string(name) + "\" is of another type");
}

void ConnectorApi::refuseAnswer(const std::string& why) const {
    throw CommandError(Application::EXIT_PROTOCOL, "what answers at " + _url + " (from " +
                                                       _configuration.file +
                                                       ") is no Connector of this version (" + why +
                                                       "); restart the service after an upgrade");
}

ConnectorApi::Answer ConnectorApi::request(const std::string& method, const std::string& path,
                                           const std::string& body) {
    try {
        return exchange(method, path, body);
    } catch (const Poco::Exception& error) {
        refuseConnection(error);
    }
}

void ConnectorApi::refuseConnection(const Poco::Exception& error) const {
    const auto where = _url + " (from " + _configuration.file + ")";
    if (_tls && _tls->sawAnother())
        throw CommandError(Application::EXIT_PROTOCOL,
                           "the API at " + where + " shows another certificate than " +
                               _configuration.certificateFile +
                               "; iofog-connector reload has it read a renewed one");
    throw CommandError(Application::EXIT_UNAVAILABLE, "no Connector answers at " + where + ": " +
                                                          error.displayText() +
                                                          "; iofog-connector start starts it");
}

ConnectorApi::Answer ConnectorApi::exchange(const std::string& method, const std::string& path,
                                            const std::string& body) {
    Answer answer;
    Poco::StreamCopier::copyToString(send(method, path, body, answer.status), answer.text);
    return answer;
}

/// Returns the answer's body.
std::istream& ConnectorApi::send(const std::string& method, const std::string& path, const std::string& body,
                                 int& status) {
    HTTPRequest request(method, path, HTTPRequest::HTTP_1_1);
    if (_token && path != kHealth) request.setCredentials("Bearer", _token->second);
    if (!body.empty()) {
        request.setContentType("application/json");
        request.setContentLength(static_cast<std::streamsize>(body.size()));
    }
    _session->sendRequest(request) << body << std::flush;
    awaitAnswer();
    HTTPResponse response;
    auto& stream = _session->receiveResponse(response);
    status = response.getStatus();
    return stream;
}

void ConnectorApi::awaitAnswer() {
    if (!_stop.stop_possible()) return; // receiving waits, too
    const Poco::Clock start;
    while (!_session->socket().poll(Poco::Timespan(std::chrono::microseconds(kStopSeen).count()),
                                    Poco::Net::Socket::SELECT_READ)) {
        if (_stop.stop_requested()) throw Poco::TimeoutException("nobody waits for it any more");
        if (start.isElapsed(_session->getTimeout().totalMicroseconds())) throw Poco::TimeoutException();
    }
}

Poco::JSON::Object::Ptr ConnectorApi::resultOf(const Answer& answer) const {
    Poco::JSON::Object::Ptr json;
    try {
        json = parse(answer.text);
    } catch (const Poco::Exception&) {
        throw CommandError(Application::EXIT_PROTOCOL,
                           "what answers at " + _url + " (from " + _configuration.file +
                               ") is no Connector: it does not answer with a JSON object");
    }
    if (answer.status == HTTPResponse::HTTP_OK) return json;
    auto message = isOfKind(json->get("errormessage"), Kind::Text)
                       ? json->getValue<std::string>("errormessage")
                       : "status " + std::to_string(answer.status);
    const int exitCode = exitCodeFor(answer.status);
    if (exitCode == Application::EXIT_NOPERM)
        message = "the API at " + _url + " refuses this command: " + message +
                  (_token ? "; is \"" + _token->first + "\" in " + _configuration.file +
                                " newer than what the service has read? iofog-connector reload has it read "
                                "the file again"
                          : "; api.identities in " + _configuration.file + " has none with a token");
    throw CommandError(exitCode, message);
}

} // namespace connector
