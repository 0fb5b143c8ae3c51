#include "api/ApiHandlerFactory.h"

#include "api/ConnectionHandlers.h"
#include "api/EventsHandler.h"
#include "api/MappingHandlers.h"
#include "api/MetricsHandler.h"
#include "api/PageHandler.h"
#include "api/StatusHandlers.h"
#include "base/Printable.h"

#include <Poco/Net/HTTPServerRequest.h>
#include <Poco/String.h>
#include <Poco/URI.h>

#include <map>
#include <optional>
#include <set>
#include <vector>

namespace connector {

namespace {

using Poco::Net::HTTPRequest;
using Poco::Net::HTTPResponse;

using Handler = std::unique_ptr<Poco::Net::HTTPRequestHandler>;
using Maker = Handler (*)(const ApiContext&, ApiTarget);

template <class Endpoint>
Handler make(const ApiContext& context, ApiTarget target) {
    return std::make_unique<Endpoint>(context, std::move(target));
}

template <PageFile::Name name>
Handler makePage(const ApiContext& context, ApiTarget) {
    return std::make_unique<PageHandler>(context, PageFile::of(name));
}

struct Route {
    /// Where "{id}" is in it, it stands for all that have the id of a mapping there; "{n}", behind that and
    /// at the end, for those that have a connection's number there.
    std::string path;
    bool isOpenToAll;
    /// Of each method that the path has.
    std::map<std::string, Maker> handlers;
};

using Routes = std::vector<Route>;

const Routes& routesOfApi() {
    static const auto& kGet = HTTPRequest::HTTP_GET;
    static const auto& kHead = HTTPRequest::HTTP_HEAD;
    static const auto& kPost = HTTPRequest::HTTP_POST;
    static const auto& kDelete = HTTPRequest::HTTP_DELETE;
    static const auto& kPatch = HTTPRequest::HTTP_PATCH;
    static const Routes all = {
        {"/health", true, {{kGet, make<HealthHandler>}, {kHead, make<HealthHandler>}}},
        {"/api/v2/status",
         false,
         {{kGet, make<StatusHandler>}, {kHead, make<StatusHandler>}, {kPost, make<StatusHandler>}}},
        {"/api/v2/events", false, {{kGet, make<EventsHandler>}, {kHead, make<EventsHandler>}}},
        {"/api/v2/mapping/add", false, {{kPost, make<AddMappingHandler>}}},
        {"/api/v2/mapping/remove", false, {{kPost, make<RemoveMappingHandler>}}},
        {"/api/v2/mapping", false, {{kGet, make<ListMappingsHandler>}, {kHead, make<ListMappingsHandler>}}},
        {"/api/v2/mapping/{id}/passcode", false, {{kPost, make<ChangePasscodeHandler>}}},
        {"/api/v2/mapping/{id}/connections",
         false,
         {{kGet, make<ListConnectionsHandler>}, {kHead, make<ListConnectionsHandler>}}},
        {"/api/v2/mapping/{id}/connections/{n}", false, {{kDelete, make<EndConnectionHandler>}}},
        {"/api/v2/mapping/{id}",
         false,
         {{kGet, make<ShowMappingHandler>},
          {kHead, make<ShowMappingHandler>},
          {kPatch, make<ChangeMappingHandler>}}},
        {"/metrics", false, {{kGet, make<MetricsHandler>}, {kHead, make<MetricsHandler>}}},
        {"/", false, {{kGet, makePage<PageFile::Name::Html>}, {kHead, makePage<PageFile::Name::Html>}}},
        {"/connector.css",
         false,
         {{kGet, makePage<PageFile::Name::Style>}, {kHead, makePage<PageFile::Name::Style>}}},
        {"/connector.js",
         false,
         {{kGet, makePage<PageFile::Name::Script>}, {kHead, makePage<PageFile::Name::Script>}}},
    };
    return all;
}

const Routes& routesOfMetricsPort() {
    static const Routes all = {
        {"/metrics",
         false,
         {{HTTPRequest::HTTP_GET, make<MetricsHandler>}, {HTTPRequest::HTTP_HEAD, make<MetricsHandler>}}}};
    return all;
}

struct Match {
    const Route* route;
    std::string id;     ///< "" where the route has none
    std::string number; ///< the same
};

/// Nothing when the path is another route's.
std::optional<Match> match(const Route& route, const std::string& path) {
    static const std::string kId = "{id}";
    static const std::string kNumber = "{n}";
    const auto at = route.path.find(kId);
    if (at == std::string::npos)
        return path == route.path ? std::optional(Match{&route, "", ""}) : std::nullopt;
    auto behind = route.path.substr(at + kId.size());
    auto left = path;
    std::string number;
    if (behind.ends_with(kNumber)) {
        behind.resize(behind.size() - kNumber.size());
        left.resize(path.rfind('/') + 1);
        number = path.substr(left.size());
        if (number.empty()) return std::nullopt;
    }
    if (left.size() <= at + behind.size() || left.compare(0, at, route.path, 0, at) != 0 ||
        !left.ends_with(behind))
        return std::nullopt;
    return Match{&route, left.substr(at, left.size() - at - behind.size()), number};
}

/// A path that a route has to the letter is that route's alone; else, as an id may hold anything, it may be
/// several routes' with {id}.
std::vector<Match> matchesOf(const Routes& routes, const std::string& path) {
    std::vector<Match> matches;
    for (const auto& route : routes) {
        auto found = match(route, path);
        if (found && found->id.empty()) return {std::move(*found)};
        if (found) matches.push_back(std::move(*found));
    }
    if (matches.empty())
        throw HttpError(HTTPResponse::HTTP_NOT_FOUND, "there is nothing at " + printable(path));
    return matches;
}

/// Of a request that no endpoint takes.
class Refusal : public EndpointHandler {
  public:
    Refusal(const ApiContext& context, ApiTarget target, HttpError error)
        : EndpointHandler(context, std::move(target)), _error(std::move(error)) {}

  private:
    void respond(const ApiRequest&, ApiExchange&) override { throw HttpError(_error); }

    HttpError _error;
};

std::string pathOf(const HTTPRequest& request) {
    const auto& target = request.getURI();
    try {
        return Poco::URI(target).getPath();
    } catch (const Poco::Exception&) {
        // Without its query, which has no place in a log.
        throw HttpError(HTTPResponse::HTTP_BAD_REQUEST, "the request's target is not a URI: " +
                                                            printable(target.substr(0, target.find('?'))));
    }
}

/// Of a POST or PATCH.
void checkBody(const HTTPRequest& request) {
    const bool isPost = request.getMethod() == HTTPRequest::HTTP_POST;
    if (!isPost && request.getMethod() != HTTPRequest::HTTP_PATCH) return;
    if (!request.hasContentLength())
        throw HttpError(HTTPResponse::HTTP_BAD_REQUEST,
                        "Content-Length: missing; a POST or PATCH must say how long its body is");
    const auto type = mediaTypeOf(request);
    if (type.empty() || type == "application/json") return;
    if (isPost && type == "application/x-www-form-urlencoded") return;
    throw HttpError(HTTPResponse::HTTP_UNSUPPORTED_MEDIA_TYPE,
                    "Content-Type: " + printable(type) + " is not understood; it must be " +
                        (isPost ? "application/x-www-form-urlencoded or " : "") + "application/json");
}

const Match& matchWith(const std::vector<Match>& matches, const std::string& method) {
    std::set<std::string> methods;
    for (const auto& match : matches) {
        if (match.route->handlers.contains(method)) return match;
        for (const auto& [name, handler] : match.route->handlers)
            methods.insert(name);
    }
    const auto allowed = Poco::cat(std::string(", "), methods.begin(), methods.end());
    throw HttpError(HTTPResponse::HTTP_METHOD_NOT_ALLOWED,
                    printable(method) + " is not allowed here; use " + allowed, {{"Allow", allowed}});
}

} // namespace

Poco::Net::HTTPRequestHandler*
ApiHandlerFactory::createRequestHandler(const Poco::Net::HTTPServerRequest& request) {
    ApiTarget target;
    target.isAtOpenPort = _port == ApiPort::Metrics;
    try {
        const auto& routes = target.isAtOpenPort ? routesOfMetricsPort() : routesOfApi();
        const auto matches = matchesOf(routes, pathOf(request));
        target.isOpenToAll = matches.front().route->isOpenToAll;
        const auto& [route, id, number] = matchWith(matches, request.getMethod());
        target.endpoint = route->path;
        target.method = request.getMethod();
        checkBody(request);
        target.pathId = id;
        target.pathNumber = number;
        return route->handlers.at(request.getMethod())(_context, target).release();
    } catch (const HttpError& error) {
        return new Refusal(_context, target, error);
    }
}

} // namespace connector
