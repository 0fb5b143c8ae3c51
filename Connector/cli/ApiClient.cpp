#include "cli/ApiClient.h"

#include "base/Uuid.h"
#include "model/MappingName.h"

#include <Poco/Clock.h>
#include <Poco/JSON/Array.h>
#include <Poco/JSON/ParseHandler.h>
#include <Poco/JSON/Parser.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/StreamCopier.h>
#include <Poco/String.h>
#include <Poco/URI.h>
#include <Poco/Util/Application.h>

#include <sstream>
#include <sys/socket.h>

namespace connector {

namespace {

using Poco::Net::HTTPRequest;
using Poco::Net::HTTPResponse;
using Poco::Util::Application;

/// For who may give up: POCO tries several times.
constexpr std::chrono::seconds kConnecting{2};
/// How long it takes at the most to see that nobody waits for an answer any more.
constexpr std::chrono::milliseconds kStopSeen{50};
constexpr std::size_t kPageSize = 1000;
constexpr const char* kMappings = "/api/v2/mapping";
/// Everybody may ask for it.
constexpr const char* kHealth = "/health";
/// What lines of server-sent events begin with.
constexpr std::string_view kEvent = "event: ";
constexpr std::string_view kData = "data: ";

using Kind = NeededMember::Kind;
const NeededMembers kOfEveryMapping{{"id", Kind::Text},       {"type", Kind::Text},  {"port1", Kind::Number},
                                    {"port2", Kind::Number},  {"state", Kind::Text}, {"relays", Kind::Number},
                                    {"created", Kind::Number}};
const NeededMembers kOfAddedMapping{{"id", Kind::Text},
                                    {"port1", Kind::Number},
                                    {"port2", Kind::Number},
                                    {"passcode1", Kind::Text},
                                    {"passcode2", Kind::Text}};
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

/// What the function returns; null when the API answers that there is no such thing.
template <class Request>
Poco::JSON::Object::Ptr found(const Request& request) {
    try {
        return request();
    } catch (const ApiFailure& error) {
        if (error.status() == HTTPResponse::HTTP_NOT_FOUND) return nullptr;
        throw;
    }
}

int exitCodeFor(int status) {
    switch (status) {
    case HTTPResponse::HTTP_BAD_REQUEST:
    case HTTPResponse::HTTP_NOT_FOUND:
    case HTTPResponse::HTTP_CONFLICT:
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

ApiClient::~ApiClient() {
    disconnect();
}

/// What could not be sent of a request is still in POCO's stream, which tries once more when it is destroyed,
/// and connects anew for that.
void ApiClient::disconnect() {
    const Poco::Timespan atOnce(0, 1000);
    if (_session) _session->setTimeout(atOnce);
    if (_session && _session->connected()) ::shutdown(_session->socket().impl()->sockfd(), SHUT_RDWR);
    _session.reset();
}

void ApiClient::use(std::unique_ptr<Poco::Net::HTTPClientSession> session, std::string url,
                    std::string token) {
    _session = std::move(session);
    _url = std::move(url);
    _token = std::move(token);
    setTimeout(kUsualTimeout);
    _session->setKeepAlive(true);
}

void ApiClient::setTimeout(std::chrono::seconds timeout) {
    _session->reset();
    _session->setTimeout(Poco::Timespan(timeout.count(), 0));
}

void ApiClient::giveUp(std::chrono::seconds timeout, std::stop_token stop) {
    setTimeout(std::min(timeout, kConnecting));
    _patience = timeout;
    _stop = std::move(stop);
}

Poco::JSON::Object::Ptr ApiClient::get(const std::string& path, const NeededMembers& needed) {
    auto result = resultOf(request(HTTPRequest::HTTP_GET, path));
    check(*result, needed);
    return result;
}

Poco::JSON::Object::Ptr ApiClient::post(const std::string& path, const Poco::JSON::Object& body,
                                        const NeededMembers& needed) {
    auto result = resultOf(request(HTTPRequest::HTTP_POST, path, textOf(body)));
    check(*result, needed);
    return result;
}

Poco::JSON::Object::Ptr ApiClient::addMapping(const Poco::JSON::Object& body) {
    return post(std::string(kMappings) + "/add", body, kOfAddedMapping);
}

std::vector<Poco::JSON::Object::Ptr> ApiClient::mappings() {
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
std::string ApiClient::idOf(const std::string& which) {
    if (!isLabel(which) || isUuid(which)) return which;
    const auto answer = get(std::string(kMappings) + "?name=" + which, {{"mappings", Kind::List}});
    for (const auto& one : *answer->getArray("mappings")) {
        const auto mapping = checkedMapping(one);
        if (mapping->optValue<std::string>("name", "") == which) return mapping->getValue<std::string>("id");
    }
    return which;
}

std::string ApiClient::pathOf(const std::string& which) {
    std::string encoded;
    Poco::URI::encode(idOf(which), "!*'();:@&=+$,/?#[]%", encoded);
    return std::string(kMappings) + "/" + encoded;
}

Poco::JSON::Object::Ptr ApiClient::mapping(const std::string& which) {
    return checkedMapping(get(pathOf(which), {}));
}

Poco::JSON::Object::Ptr ApiClient::findMapping(const std::string& which) {
    return found([&] { return mapping(which); });
}

Poco::JSON::Object::Ptr ApiClient::findConnections(const std::string& which) {
    return found([&] { return connections(which); });
}

Poco::JSON::Object::Ptr ApiClient::removeMapping(const std::string& which) {
    Poco::JSON::Object body;
    body.set("mappingid", idOf(which));
    return post(std::string(kMappings) + "/remove", body, {{"id", Kind::Text}});
}

Poco::JSON::Object::Ptr ApiClient::changeMapping(const std::string& which,
                                                 const Poco::JSON::Object& members) {
    return checkedMapping(resultOf(request(HTTPRequest::HTTP_PATCH, pathOf(which), textOf(members))));
}

Poco::JSON::Object::Ptr ApiClient::changePasscode(const std::string& which, const Poco::JSON::Object& body) {
    return post(pathOf(which) + "/passcode", body, {{"id", Kind::Text}, {"overlap", Kind::Number}});
}

Poco::JSON::Object::Ptr ApiClient::connections(const std::string& which) {
    return get(pathOf(which) + "/connections", {{"agents", Kind::List}, {"visitors", Kind::List}});
}

Poco::JSON::Object::Ptr ApiClient::endConnection(const std::string& which, std::int64_t number) {
    return resultOf(
        request(HTTPRequest::HTTP_DELETE, pathOf(which) + "/connections/" + std::to_string(number)));
}

void ApiClient::followEvents(std::chrono::milliseconds heartbeat, const OnEvent& onEvent) {
    setTimeout(kUsualTimeout + std::chrono::ceil<std::chrono::seconds>(heartbeat));
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
            else if (line.starts_with(kData) && !onEvent(name, *parse(line.substr(kData.size()))))
                return;
    } catch (const Poco::Exception& error) {
        throw connectionFailure(error);
    }
    throw CommandError(Application::EXIT_UNAVAILABLE, "the service has ended the stream of events");
}

Poco::JSON::Object::Ptr ApiClient::checkedMapping(const Poco::Dynamic::Var& mapping) const {
    if (mapping.type() != typeid(Poco::JSON::Object::Ptr)) refuseAnswer("a mapping is no object");
    auto object = mapping.extract<Poco::JSON::Object::Ptr>();
    check(*object, kOfEveryMapping);
    check(*object, object->has("agentswaiting") ? kOfPublicMapping : kOfPrivateMapping);
    return object;
}

void ApiClient::check(const Poco::JSON::Object& answer, const NeededMembers& needed) const {
    for (const auto& [name, kind] : needed)
        if (!answer.has(name))
            refuseAnswer("no \"" + std::string(name) + "\"");
        else if (!isOfKind(answer.get(name), kind))
            refuseAnswer("\"" + std::string(name) + "\" is of another type");
}

void ApiClient::refuseAnswer(const std::string& why) const {
    throw CommandError(Application::EXIT_PROTOCOL, "what answers at " + place() +
                                                       " is no Connector of this version (" + why +
                                                       "); restart the service after an upgrade");
}

ApiClient::Answer ApiClient::request(const std::string& method, const std::string& path,
                                     const std::string& body) {
    try {
        return exchange(method, path, body);
    } catch (const Poco::Exception& error) {
        throw connectionFailure(error);
    }
}

ApiClient::Answer ApiClient::exchange(const std::string& method, const std::string& path,
                                      const std::string& body) {
    Answer answer;
    Poco::StreamCopier::copyToString(send(method, path, body, answer.status), answer.text);
    return answer;
}

std::istream& ApiClient::send(const std::string& method, const std::string& path, const std::string& body,
                              int& status) {
    HTTPRequest request(method, path, HTTPRequest::HTTP_1_1);
    if (!_token.empty() && path != kHealth) request.setCredentials("Bearer", _token);
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

void ApiClient::awaitAnswer() {
    if (!_stop.stop_possible()) return; // receiving waits, too
    const Poco::Clock start;
    while (!_session->socket().poll(Poco::Timespan(std::chrono::microseconds(kStopSeen).count()),
                                    Poco::Net::Socket::SELECT_READ)) {
        if (_stop.stop_requested()) throw Poco::TimeoutException("nobody waits for it any more");
        if (start.isElapsed(std::chrono::microseconds(_patience).count())) throw Poco::TimeoutException();
    }
}

Poco::JSON::Object::Ptr ApiClient::resultOf(const Answer& answer) const {
    Poco::JSON::Object::Ptr json;
    try {
        json = parse(answer.text);
    } catch (const Poco::Exception&) {
        throw CommandError(Application::EXIT_PROTOCOL,
                           "what answers at " + place() +
                               " is no Connector: it does not answer with a JSON object");
    }
    if (answer.status == HTTPResponse::HTTP_OK) return json;
    auto message = isOfKind(json->get("errormessage"), Kind::Text)
                       ? json->getValue<std::string>("errormessage")
                       : "status " + std::to_string(answer.status);
    const int exitCode = exitCodeFor(answer.status);
    Poco::replaceInPlace(message, "no mapping has the id ", "no mapping has the id or name "); // idOf()
    if (exitCode == Application::EXIT_NOPERM) {
        const auto help = helpWith(answer.status);
        message =
            "the API at " + _url + " refuses this command: " + message + (help.empty() ? "" : "; " + help);
    }
    throw ApiFailure(answer.status, exitCode, message);
}

} // namespace connector
