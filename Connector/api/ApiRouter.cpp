#include "api/ApiRouter.h"

#include "api/AddMappingHandler.h"
#include "api/ChangeMappingHandler.h"
#include "api/HealthHandler.h"
#include "api/HttpError.h"
#include "api/ListMappingsHandler.h"
#include "api/Printable.h"
#include "api/RemoveMappingHandler.h"
#include "api/ShowMappingHandler.h"
#include "api/StatusHandler.h"
#include "net/PeerAddress.h"

#include <Poco/Net/MessageHeader.h>
#include <Poco/Net/NameValueCollection.h>
#include <Poco/String.h>
#include <Poco/URI.h>

namespace connector {

namespace {

using Poco::Net::HTTPRequest;
using Poco::Net::HTTPResponse;

const auto& kGet = HTTPRequest::HTTP_GET;
const auto& kHead = HTTPRequest::HTTP_HEAD;
const auto& kPost = HTTPRequest::HTTP_POST;
const auto& kPatch = HTTPRequest::HTTP_PATCH;

Poco::URI parseTarget(const HTTPRequest& head) {
    const auto& target = head.getURI();
    try {
        return Poco::URI(target);
    } catch (const Poco::Exception& error) {
        // Without its query, which has no place in a log.
        throw HttpError(HTTPResponse::HTTP_BAD_REQUEST, "the request's target is not a URI: " +
                                                            printable(target.substr(0, target.find('?'))));
    }
}

std::string mediaTypeOf(const HTTPRequest& head) {
    std::string type;
    Poco::Net::NameValueCollection parameters;
    Poco::Net::MessageHeader::splitParameters(head.get("Content-Type", ""), type, parameters);
    return Poco::toLower(type);
}

void checkMediaType(const std::string& method, const std::string& type) {
    if ((method != kPost && method != kPatch) || type.empty() || type == "application/json") return;
    if (method == kPost && type == "application/x-www-form-urlencoded") return;
    throw HttpError(HTTPResponse::HTTP_UNSUPPORTED_MEDIA_TYPE,
                    "Content-Type: " + printable(type) + " is not understood; it must be " +
                        (method == kPost ? "application/x-www-form-urlencoded or " : "") +
                        "application/json");
}

} // namespace

ApiRouter::ApiRouter(const ApiSettings& settings, MappingService& mappings)
    : _identities(settings.identities, settings.anonymous) {
    const MappingJson json(settings.address, settings.tls);
    const auto health = std::make_shared<HealthHandler>(mappings);
    const auto status = std::make_shared<StatusHandler>(mappings);
    const auto list = std::make_shared<ListMappingsHandler>(mappings, json);
    const auto show = std::make_shared<ShowMappingHandler>(mappings, json);
    const auto change = std::make_shared<ChangeMappingHandler>(mappings, json);
    _routes = {
        {"/health", true, {{kGet, health}, {kHead, health}}},
        {"/api/v2/status", false, {{kGet, status}, {kHead, status}, {kPost, status}}},
        {"/api/v2/mapping/add", false, {{kPost, std::make_shared<AddMappingHandler>(mappings)}}},
        {"/api/v2/mapping/remove", false, {{kPost, std::make_shared<RemoveMappingHandler>(mappings)}}},
        {"/api/v2/mapping", false, {{kGet, list}, {kHead, list}}},
        {"/api/v2/mapping/", false, {{kGet, show}, {kHead, show}, {kPatch, change}}},
    };
}

std::string ApiRouter::identify(const HTTPRequest& head, Credentials caller) const {
    const auto* route = find(parseTarget(head).getPath());
    if (route && route->isOpenToAll) return "";

    caller.authorization = head.get(HTTPRequest::AUTHORIZATION, "");
    const auto recognized = _identities.recognize(caller);
    switch (recognized.verdict) {
    case Identities::Verdict::Known:
        break;
    case Identities::Verdict::NeedsToken:
        throw HttpError(HTTPResponse::HTTP_UNAUTHORIZED, "a token that the server knows is needed",
                        {{"WWW-Authenticate", "Bearer"}});
    case Identities::Verdict::Forbidden:
        throw HttpError(HTTPResponse::HTTP_FORBIDDEN, caller.address.toString() + " may not call this API");
    }
    return recognized.name;
}

ApiRouter::Admission ApiRouter::admit(const HTTPRequest& head) const {
    const auto target = parseTarget(head);
    const auto path = target.getPath();
    const auto* route = find(path);
    if (!route) throw HttpError(HTTPResponse::HTTP_NOT_FOUND, "there is nothing at " + printable(path));
    auto& handler = handlerOf(*route, head.getMethod());
    const auto type = mediaTypeOf(head);
    checkMediaType(head.getMethod(), type);

    ApiRequest request;
    if (route->path.ends_with('/')) request.pathId = path.substr(route->path.size());
    request.query = target.getRawQuery();
    request.mediaType = type;
    return {handler, std::move(request)};
}

RequestHandler& ApiRouter::handlerOf(const Route& route, const std::string& method) {
    const auto found = route.handlers.find(method);
    if (found != route.handlers.end()) return *found->second;
    std::string allowed;
    for (const auto& [name, handler] : route.handlers)
        allowed += (allowed.empty() ? "" : ", ") + name;
    throw HttpError(HTTPResponse::HTTP_METHOD_NOT_ALLOWED,
                    printable(method) + " is not allowed here; use " + allowed, {{"Allow", allowed}});
}

const ApiRouter::Route* ApiRouter::find(const std::string& path) const {
    for (const auto& route : _routes) {
        const bool takesId = route.path.ends_with('/');
        if (takesId ? path.starts_with(route.path) && path != route.path : path == route.path) return &route;
    }
    return nullptr;
}

} // namespace connector
