#include "api/ApiHandler.h"

#include "api/ApiExchange.h"
#include "base/PeerAddress.h"

#include <Poco/Net/HTTPServerRequest.h>
#include <Poco/StreamCopier.h>
#include <Poco/String.h>

namespace connector {

namespace {

using Poco::Net::HTTPRequest;
using Poco::Net::HTTPResponse;

/// Of which an address proves nothing.
std::vector<Network> proxiesOf(const ApiSettings& settings) {
    auto all = settings.proxies.networks;
    all.insert(all.end(), settings.frontProxies.begin(), settings.frontProxies.end());
    return all;
}

std::string queryOf(const HTTPRequest& request) {
    const auto& target = request.getURI();
    const auto mark = target.find('?');
    return mark == std::string::npos ? "" : target.substr(mark + 1, target.find('#', mark) - mark - 1);
}

} // namespace

ApiRules::ApiRules(const ApiSettings& settings, const FrontSettings& front)
    : json(settings.address, settings.tls, front), node(settings.node),
      hosts(settings.address, settings.hosts),
      identities(settings.identities, settings.anonymous, proxiesOf(settings)) {}

ApiContext::ApiContext(const ApiSettings& settings, const FrontSettings& front, MappingService& service,
                       ServerMetrics& values, const ApiLogs& limited)
    : mappings(service), metrics(values), rules(ApiRules(settings, front)), log(Poco::Logger::get("api")),
      logs(limited) {}

Identities::Recognition ApiContext::recognize(const HTTPRequest& head, const ClientRequest& request) const {
    return rules->identities.recognize({.address = withoutMapping(request.client.host()),
                                        .authorization = head.get(HTTPRequest::AUTHORIZATION, ""),
                                        .certificate = request.certificate});
}

EndpointHandler::EndpointHandler(const ApiContext& context, ApiTarget target)
    : _context(context), _target(std::move(target)) {}

void EndpointHandler::handleRequest(Poco::Net::HTTPServerRequest& request,
                                    Poco::Net::HTTPServerResponse& response) {
    auto& socket = RequestSocket::of(request);
    const auto& arrived = socket.request();
    ApiExchange exchange(_context, socket, request, response);
    exchange.isAbout(_target);
    try {
        if (!arrived.hasHead) throw HttpError(*arrived.problem);
        // What a load balancer calls the server by is its own affair, and /health gives nothing away.
        if (!_target.isOpenToAll) _context.rules->hosts.check(request);
        // Before anything else is looked at, so that who is not known does not learn which paths there are.
        exchange.identified(identify(request, socket));
        if (arrived.problem) throw HttpError(*arrived.problem);

        ApiRequest read{.query = queryOf(request),
                        .mediaType = mediaTypeOf(request),
                        .body = {},
                        .caller = exchange.caller(),
                        .lastEventId = request.get("Last-Event-ID", ""),
                        .isHead = request.getMethod() == HTTPRequest::HTTP_HEAD};
        Poco::StreamCopier::copyToString(request.stream(), read.body);
        respond(read, exchange);
    } catch (...) {
        exchange.fail(std::current_exception());
    }
}

/// The identity of a caller that may make this request, "" where everybody may. Throws HttpError 401 and 403.
std::string EndpointHandler::identify(const Poco::Net::HTTPServerRequest& request,
                                      RequestSocket& socket) const {
    if (_target.isOpenToAll || _target.isAtOpenPort) return "";
    const auto recognized = _context.recognize(request, socket.request());
    switch (recognized.verdict) {
    case Identities::Verdict::Known:
        socket.setKnownCaller();
        break;
    case Identities::Verdict::Anonymous:
        break;
    case Identities::Verdict::NeedsToken:
        throw HttpError(HTTPResponse::HTTP_UNAUTHORIZED, "a token that the server knows is needed",
                        {{"WWW-Authenticate", "Bearer"}});
    case Identities::Verdict::Forbidden:
        throw HttpError(HTTPResponse::HTTP_FORBIDDEN,
                        withoutMapping(socket.request().client.host()).toString() + " may not call this API");
    }
    return recognized.name;
}

void ApiHandler::respond(const ApiRequest& request, ApiExchange& exchange) {
    exchange.succeed(*answer(request));
}

std::string mediaTypeOf(const HTTPRequest& request) {
    std::string type;
    Poco::Net::NameValueCollection parameters;
    Poco::Net::MessageHeader::splitParameters(request.get("Content-Type", ""), type, parameters);
    return Poco::toLower(type);
}

} // namespace connector
