#pragma once

#include "api/AcceptedHosts.h"
#include "api/ApiLogs.h"
#include "api/ApiSettings.h"
#include "api/LastConfiguration.h"
#include "api/MappingJson.h"
#include "api/UpgradeState.h"
#include "auth/Identities.h"
#include "base/Reloadable.h"
#include "http/RequestSocket.h"
#include "mapping/MappingService.h"
#include "metrics/ServerMetrics.h"
#include "model/Caller.h"

#include <Poco/JSON/Object.h>
#include <Poco/Logger.h>
#include <Poco/Net/HTTPRequestHandler.h>

#include <chrono>
#include <string>

namespace connector {

/// What the configuration says about who may call the API, and about its answers. A value.
struct ApiRules {
    ApiRules(const ApiSettings& settings, const FrontSettings& front);

    MappingJson json;
    std::string node;
    AcceptedHosts hosts;
    Identities identities;

    bool operator==(const ApiRules&) const = default;
};

/// What all handlers of the API work with. It outlives them. Any thread.
struct ApiContext {
    /// mappings, metrics and logs must outlive the context.
    ApiContext(const ApiSettings& settings, const FrontSettings& front, MappingService& mappings,
               ServerMetrics& metrics, const ApiLogs& logs);

    MappingService& mappings;
    ServerMetrics& metrics;
    Reloadable<ApiRules> rules;
    LastConfiguration configuration;
    Poco::Logger& log;
    const ApiLogs& logs;
    UpgradeState upgrade;

    /// Who has sent a request.
    Identities::Recognition recognize(const Poco::Net::HTTPRequest& head, const ClientRequest& request) const;

    const std::chrono::steady_clock::time_point started = std::chrono::steady_clock::now();
};

/// Where a request goes.
struct ApiTarget {
    /// The {id} of the path; "" where the path has none.
    std::string pathId;
    /// The {n} of the path; "" where the path has none.
    std::string pathNumber{};
    /// Nobody needs an identity for it.
    bool isOpenToAll = false;
    /// It came by a port where nobody needs one, but has to call the server by one of its names.
    bool isAtOpenPort = false;
    /// For metrics: the path and the method, both out of a few.
    std::string endpoint = kOther;
    std::string method = kOther;

    static constexpr const char* kOther = "other";
};

/// A request that has arrived in full, from a caller that may make it.
struct ApiRequest {
    /// What follows the '?', not decoded.
    std::string query;
    /// In lower case, without parameters; "" when none was given.
    std::string mediaType;
    std::string body;
    Caller caller;
    /// The header Last-Event-ID; "" when there is none.
    std::string lastEventId;
    bool isHead = false;
};

class ApiExchange;

/// Answers one request, whatever comes of it, errors in JSON; derived classes know the endpoints. One object
/// a request, on a thread of POCO's HTTPServer, which owns it.
class EndpointHandler : public Poco::Net::HTTPRequestHandler {
  public:
    EndpointHandler(const ApiContext& context, ApiTarget target);

    void handleRequest(Poco::Net::HTTPServerRequest& request, Poco::Net::HTTPServerResponse& response) final;

  protected:
    /// Has a request succeed. What fails is thrown: FieldError, HttpError, MappingError, StorageError, or any
    /// other exception for an error of the server itself.
    virtual void respond(const ApiRequest& request, ApiExchange& exchange) = 0;

    const ApiContext& context() const { return _context; }
    const std::string& pathId() const { return _target.pathId; }
    const std::string& pathNumber() const { return _target.pathNumber; }

  private:
    std::string identify(const Poco::Net::HTTPServerRequest& request, RequestSocket& socket) const;

    const ApiContext& _context;
    const ApiTarget _target;
};

/// The same, in JSON.
class ApiHandler : public EndpointHandler {
  public:
    using EndpointHandler::EndpointHandler;

  protected:
    /// The answer to a request that succeeds. What fails is thrown, as in respond().
    virtual Poco::JSON::Object::Ptr answer(const ApiRequest& request) = 0;

  private:
    void respond(const ApiRequest& request, ApiExchange& exchange) final;
};

/// A media type in lower case, without parameters; "" when none was given.
std::string mediaTypeOf(const Poco::Net::HTTPRequest& request);

} // namespace connector
