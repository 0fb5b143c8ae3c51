#include "api/ApiRouter.h"

#include "api/AddMappingHandler.h"
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

#include <algorithm>

namespace connector {

namespace {

using Poco::Net::HTTPRequest;
using Poco::Net::HTTPResponse;

const std::vector<std::string> kGet{HTTPRequest::HTTP_GET, HTTPRequest::HTTP_HEAD};
const std::vector<std::string> kPost{HTTPRequest::HTTP_POST};
const std::vector<std::string> kGetAndPost{HTTPRequest::HTTP_GET, HTTPRequest::HTTP_HEAD,
                                           HTTPRequest::HTTP_POST};

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

void checkMethod(const std::string& method, const std::vector<std::string>& allowed) {
    if (std::find(allowed.begin(), allowed.end(), method) != allowed.end()) return;
    const auto list = Poco::cat(std::string(", "), allowed.begin(), allowed.end());
    throw HttpError(HTTPResponse::HTTP_METHOD_NOT_ALLOWED,
                    printable(method) + " is not allowed here; use " + list, {{"Allow", list}});
}

void checkMediaType(const HTTPRequest& head, const std::string& type) {
    if (head.getMethod() != HTTPRequest::HTTP_POST) return;
    if (type.empty() || type == "application/x-www-form-urlencoded" || type == "application/json") return;
    throw HttpError(
        HTTPResponse::HTTP_UNSUPPORTED_MEDIA_TYPE,
        "Content-Type: " + printable(type) +
            " is not understood; it must be application/x-www-form-urlencoded or application/json");
}

} // namespace

ApiRouter::ApiRouter(const ApiSettings& settings, MappingService& mappings)
    : _identities(settings.identities, settings.anonymous) {
    const MappingJson json(settings.address, settings.https);
    _routes = {
        {"/health", kGet, true, std::make_shared<HealthHandler>(mappings)},
        {"/api/v2/status", kGetAndPost, false, std::make_shared<StatusHandler>(mappings)},
        {"/api/v2/mapping/add", kPost, false, std::make_shared<AddMappingHandler>(mappings)},
        {"/api/v2/mapping/remove", kPost, false, std::make_shared<RemoveMappingHandler>(mappings)},
        {"/api/v2/mapping", kGet, false, std::make_shared<ListMappingsHandler>(mappings, json)},
        {"/api/v2/mapping/", kGet, false, std::make_shared<ShowMappingHandler>(mappings, json)},
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
    checkMethod(head.getMethod(), route->methods);
    const auto type = mediaTypeOf(head);
    checkMediaType(head, type);

    ApiRequest request;
    if (route->path.ends_with('/')) request.pathId = path.substr(route->path.size());
    request.query = target.getRawQuery();
    request.mediaType = type;
    return {*route->handler, std::move(request)};
}

const ApiRouter::Route* ApiRouter::find(const std::string& path) const {
    for (const auto& route : _routes) {
        const bool takesId = route.path.ends_with('/');
        if (takesId ? path.starts_with(route.path) && path != route.path : path == route.path) return &route;
    }
    return nullptr;
}

} // namespace connector
