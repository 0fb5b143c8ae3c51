#pragma once

#include <Poco/JSON/Array.h>
#include <Poco/JSON/Object.h>
#include <Poco/Net/Context.h>
#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/Net/NameValueCollection.h>

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace connector::test {

/// What the API answered.
struct ApiAnswer {
    int status = 0;
    Poco::Net::NameValueCollection headers;
    std::string text;

    /// The body, which must be a JSON object.
    Poco::JSON::Object::Ptr json() const;
    std::string field(const std::string& key) const;
    /// The keys of the body as they stand in its text, the outermost object's only when it holds no other.
    std::vector<std::string> keysInOrder() const;

    /// Whether it is a failure in the form that section 2 of the design gives every error, with this status.
    bool isError(int expectedStatus) const;
};
std::ostream& operator<<(std::ostream& out, const ApiAnswer& answer);

/// Whether it is such a failure, and its message has this text.
bool isRefused(const ApiAnswer& answer, int status, const std::string& named);

/// The answer to an `add`.
struct AddedMapping {
    std::string id;
    std::uint16_t port1 = 0;
    std::uint16_t port2 = 0;
    std::string passcode1;
    std::string passcode2;
};

/// A Fog Controller, or a tool: one HTTP or HTTPS connection per request. Not for several threads at once.
class ApiClient {
  public:
    static constexpr const char* kForm = "application/x-www-form-urlencoded";
    static constexpr const char* kJson = "application/json";

    /// tls: null for HTTP.
    ApiClient(std::string host, std::uint16_t port, Poco::Net::Context::Ptr tls = nullptr);

    /// Sent as "Authorization: Bearer" from now on.
    void setToken(const std::string& token) { _token = token; }

    ApiAnswer request(const std::string& method, const std::string& path, const std::string& body = "",
                      const std::string& contentType = "") const;
    ApiAnswer get(const std::string& path) const { return request("GET", path); }
    ApiAnswer post(const std::string& path, const std::string& body,
                   const std::string& contentType = kForm) const;

    ApiAnswer tryAdd(const std::string& mappingJson) const;
    ApiAnswer tryRemove(const std::string& id) const;
    ApiAnswer tryChange(const std::string& id, const std::string& json) const;

    /// The same, for tests in which they must succeed. All throw when the answer is not "ok".
    AddedMapping add(const std::string& mappingJson) const;
    AddedMapping addPublic(int maxConnections = 60, int heartbeatAbsenceThreshold = 0) const;
    AddedMapping addPrivate(int maxConnections = 1, int heartbeatAbsenceThreshold = 0) const;
    void remove(const std::string& id) const;

    Poco::JSON::Object::Ptr show(const std::string& id) const;
    /// A count that show() gives, `agentswaiting` and the like.
    std::int64_t count(const std::string& id, const std::string& key) const;
    void waitForCount(const std::string& id, const std::string& key, std::int64_t expected) const;

    /// All mappings, page by page.
    std::vector<Poco::JSON::Object::Ptr> listAll(int pageSize = 100) const;
    std::set<std::string> listIds() const;

  private:
    std::unique_ptr<Poco::Net::HTTPClientSession> connect() const;

    std::string _host;
    std::uint16_t _port;
    Poco::Net::Context::Ptr _tls;
    std::string _token;
};

/// The JSON of an `add` request.
std::string publicMapping(int maxConnections = 60, int heartbeatAbsenceThreshold = 0);
std::string privateMapping(int maxConnections = 1, int heartbeatAbsenceThreshold = 0);

/// A public one with further members: "\"alpn\":[]".
std::string publicMappingWith(const std::string& members);

AddedMapping parseAdded(const ApiAnswer& answer);

std::set<std::string> idsOf(const std::vector<AddedMapping>& mappings);

/// The form that an HTML form, and the Fog Controller, sends.
std::string urlEncoded(const std::string& text);

} // namespace connector::test
