#include "ApiClient.h"

#include "Waiting.h"

#include <Poco/JSON/Parser.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPSClientSession.h>
#include <Poco/StreamCopier.h>
#include <Poco/URI.h>

#include <regex>
#include <stdexcept>

namespace connector::test {

namespace {

constexpr int kHttpOk = 200;

void requireOk(const ApiAnswer& answer) {
    if (answer.status == kHttpOk && !answer.json()->has("errormessage")) return;
    throw std::runtime_error("the API answered " + std::to_string(answer.status) + ": " + answer.text);
}

} // namespace

Poco::JSON::Object::Ptr ApiAnswer::json() const {
    return Poco::JSON::Parser().parse(text).extract<Poco::JSON::Object::Ptr>();
}

std::string ApiAnswer::field(const std::string& key) const {
    return json()->optValue<std::string>(key, "");
}

std::vector<std::string> ApiAnswer::keysInOrder() const {
    static const std::regex key(R"re("(\w+)"\s*:)re");
    std::vector<std::string> keys;
    for (std::sregex_iterator match(text.begin(), text.end(), key), end; match != end; ++match)
        keys.push_back((*match)[1]);
    return keys;
}

bool ApiAnswer::isError(int expectedStatus) const {
    if (status != expectedStatus || !headers.get("Content-Type", "").starts_with("application/json"))
        return false;
    const auto body = json();
    return body->optValue<std::string>("status", "") == "failed" &&
           !body->optValue<std::string>("errormessage", "").empty() && body->get("timestamp").isInteger();
}

bool isRefused(const ApiAnswer& answer, int status, const std::string& named) {
    return answer.isError(status) && answer.field("errormessage").find(named) != std::string::npos;
}

std::ostream& operator<<(std::ostream& out, const ApiAnswer& answer) {
    return out << answer.status << " " << answer.text;
}

ApiClient::ApiClient(std::string host, std::uint16_t port, Poco::Net::Context::Ptr tls)
    : _host(std::move(host)), _port(port), _tls(std::move(tls)) {}

std::unique_ptr<Poco::Net::HTTPClientSession> ApiClient::connect() const {
    std::unique_ptr<Poco::Net::HTTPClientSession> session;
    if (_tls)
        session = std::make_unique<Poco::Net::HTTPSClientSession>(_host, _port, _tls);
    else
        session = std::make_unique<Poco::Net::HTTPClientSession>(_host, _port);
    session->setTimeout(Poco::Timespan(kPatience.count(), 0));
    return session;
}

ApiAnswer ApiClient::request(const std::string& method, const std::string& path, const std::string& body,
                             const std::string& contentType) const {
    const auto session = connect();
    Poco::Net::HTTPRequest request(method, path, Poco::Net::HTTPMessage::HTTP_1_1);
    if (!_token.empty()) request.setCredentials("Bearer", _token);
    if (!contentType.empty()) request.setContentType(contentType);
    if (!body.empty() || method == "POST")
        request.setContentLength(static_cast<std::streamsize>(body.size()));
    session->sendRequest(request) << body << std::flush;
    Poco::Net::HTTPResponse response;
    auto& stream = session->receiveResponse(response);
    ApiAnswer answer{response.getStatus(), response, ""};
    Poco::StreamCopier::copyToString(stream, answer.text);
    return answer;
}

ApiAnswer ApiClient::post(const std::string& path, const std::string& body,
                          const std::string& contentType) const {
    return request("POST", path, body, contentType);
}

ApiAnswer ApiClient::tryAdd(const std::string& mappingJson) const {
    return post("/api/v2/mapping/add", "mapping=" + urlEncoded(mappingJson));
}

ApiAnswer ApiClient::tryRemove(const std::string& id) const {
    return post("/api/v2/mapping/remove", "mappingid=" + urlEncoded(id));
}

ApiAnswer ApiClient::tryChange(const std::string& id, const std::string& json) const {
    return request("PATCH", "/api/v2/mapping/" + id, json, "application/json");
}

AddedMapping ApiClient::add(const std::string& mappingJson) const {
    return parseAdded(tryAdd(mappingJson));
}

AddedMapping ApiClient::addPublic(int maxConnections, int heartbeatAbsenceThreshold) const {
    return add(publicMapping(maxConnections, heartbeatAbsenceThreshold));
}

AddedMapping ApiClient::addPrivate(int maxConnections, int heartbeatAbsenceThreshold) const {
    return add(privateMapping(maxConnections, heartbeatAbsenceThreshold));
}

void ApiClient::remove(const std::string& id) const {
    requireOk(tryRemove(id));
}

Poco::JSON::Object::Ptr ApiClient::show(const std::string& id) const {
    const auto answer = get("/api/v2/mapping/" + id);
    requireOk(answer);
    return answer.json();
}

std::int64_t ApiClient::count(const std::string& id, const std::string& key) const {
    return show(id)->getValue<std::int64_t>(key);
}

void ApiClient::waitForCount(const std::string& id, const std::string& key, std::int64_t expected) const {
    waitUntil(key + " = " + std::to_string(expected), [&] { return count(id, key) == expected; });
}

std::vector<Poco::JSON::Object::Ptr> ApiClient::listAll(int pageSize) const {
    std::vector<Poco::JSON::Object::Ptr> all;
    std::string after;
    do {
        const auto answer = get("/api/v2/mapping?limit=" + std::to_string(pageSize) +
                                (after.empty() ? "" : "&after=" + after));
        requireOk(answer);
        const auto page = answer.json();
        for (const auto& mapping : *page->getArray("mappings"))
            all.push_back(mapping.extract<Poco::JSON::Object::Ptr>());
        after = page->optValue<std::string>("next", "");
    } while (!after.empty());
    return all;
}

std::set<std::string> ApiClient::listIds() const {
    std::set<std::string> ids;
    for (const auto& mapping : listAll())
        ids.insert(mapping->getValue<std::string>("id"));
    return ids;
}

std::string publicMapping(int maxConnections, int heartbeatAbsenceThreshold) {
    return R"({"type":"public","maxconnections":)" + std::to_string(maxConnections) +
           R"(,"heartbeatabsencethreshold":)" + std::to_string(heartbeatAbsenceThreshold) + "}";
}

std::string publicMappingWith(const std::string& members) {
    auto json = publicMapping();
    json.pop_back();
    return json + "," + members + "}";
}

std::string privateMapping(int maxConnections, int heartbeatAbsenceThreshold) {
    const auto connections = std::to_string(maxConnections);
    const auto threshold = std::to_string(heartbeatAbsenceThreshold);
    return R"({"type":"private","maxconnectionsport1":)" + connections + R"(,"maxconnectionsport2":)" +
           connections + R"(,"heartbeatabsencethresholdport1":)" + threshold +
           R"(,"heartbeatabsencethresholdport2":)" + threshold + "}";
}

AddedMapping parseAdded(const ApiAnswer& answer) {
    requireOk(answer);
    const auto json = answer.json();
    return {json->getValue<std::string>("id"), json->getValue<std::uint16_t>("port1"),
            json->getValue<std::uint16_t>("port2"), json->getValue<std::string>("passcode1"),
            json->getValue<std::string>("passcode2")};
}

std::set<std::string> idsOf(const std::vector<AddedMapping>& mappings) {
    std::set<std::string> ids;
    for (const auto& mapping : mappings)
        ids.insert(mapping.id);
    return ids;
}

std::string urlEncoded(const std::string& text) {
    std::string encoded;
    Poco::URI::encode(text, "!*'();:@&=+$,/?#[]{}\"\\%", encoded);
    return encoded;
}

} // namespace connector::test
