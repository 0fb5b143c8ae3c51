#include "api/PlainHttp.h"

#include "api/AcmeChallenge.h"
#include "base/FileText.h"
#include "base/HostName.h"
#include "base/PeerAddress.h"
#include "base/Printable.h"
#include "http/HostHeader.h"
#include "http/RequestSocket.h"

#include <Poco/Net/HTTPRequestHandler.h>
#include <Poco/Net/HTTPServerRequest.h>
#include <Poco/Net/HTTPServerResponse.h>
#include <Poco/String.h>

#include <algorithm>

namespace connector {

namespace {

using Poco::Net::HTTPRequest;
using Poco::Net::HTTPResponse;

/// What a request is for; a value.
struct Target {
    /// As the client has it, not checked.
    std::string host;
    /// With a '/' in front, and with the query.
    std::string path;
};

[[noreturn]] void refuse(const std::string& message) {
    throw HttpError(HTTPResponse::HTTP_BAD_REQUEST, message);
}

/// A target with a host of its own, as for a proxy, is meant for that host (RFC 9112, 3.2.2).
Target targetOf(const HTTPRequest& request) {
    constexpr std::string_view kScheme = "http://";
    const auto& target = request.getURI();
    if (!std::all_of(target.begin(), target.end(), [](char c) { return c > ' ' && c <= '~'; }))
        refuse("the request's target holds characters that must be encoded");
    if (target.starts_with('/')) return {request.get(HTTPRequest::HOST, ""), target};
    if (Poco::toLower(target.substr(0, kScheme.size())) != kScheme)
        refuse("the request's target must begin with a /");
    const auto begin = kScheme.size();
    const auto end = std::min(target.find_first_of("/?#", begin), target.size());
    const auto path = target.substr(end);
    return {target.substr(begin, end - begin), path.starts_with('/') ? path : "/" + path};
}

/// As a URL has it, without the port.
std::string checkedHost(const std::string& host) {
    if (const auto name = nameIn(host); name && !name->empty() && name->size() <= kLongestHostName)
        return *name;
    // Only on this machine it is known what a zone is.
    if (host.starts_with('[') && isIPv6Host(host) && host.find('%') == std::string::npos)
        return host.substr(0, host.find(']') + 1);
    refuse("Host: " + printable(host) + " is neither a host name nor an IP address");
}

bool isToRead(const HTTPRequest& request) {
    return request.getMethod() == HTTPRequest::HTTP_GET || request.getMethod() == HTTPRequest::HTTP_HEAD;
}

/// Each request is the only one of its connection: what the client wants is elsewhere.
class PlainHttpHandler final : public Poco::Net::HTTPRequestHandler {
  public:
    PlainHttpHandler(const FrontSettings& settings, LimitedLog& challenges)
        : _settings(settings), _challenges(challenges) {}

    void handleRequest(Poco::Net::HTTPServerRequest& request,
                       Poco::Net::HTTPServerResponse& response) override {
        const auto& arrived = RequestSocket::of(request).request();
        try {
            if (arrived.problem) throw HttpError(*arrived.problem);
            const auto target = targetOf(request);
            if (!_settings.acmeWebroot.empty() && isToRead(request) &&
                target.path.starts_with(kChallengePath))
                send(response, HTTPResponse::HTTP_OK, challengeAt(target.path, arrived.client.host()));
            else
                redirect(response, target);
        } catch (const HttpError& error) {
            send(response, error.status(), std::string(error.what()) + "\n");
        }
    }

  private:
    /// Throws HttpError 404.
    std::string challengeAt(const std::string& path, const Poco::Net::IPAddress& client) {
        const auto token = path.substr(kChallengePath.size(), path.find('?') - kChallengePath.size());
        const auto who = withoutMapping(client).toString();
        try {
            auto content = challengeIn(_settings.acmeWebroot, token);
            _challenges.write(client, "answered", [&] {
                return LogLine(who + " was shown the challenge " + token).with("address", who);
            });
            return content;
        } catch (const FileReadError& error) {
            _challenges.write(client, "not there", [&] {
                return LogLine(who + " asked for a challenge: " + error.what()).with("address", who);
            });
            throw HttpError(HTTPResponse::HTTP_NOT_FOUND, "there is no such challenge");
        }
    }

    /// So that what is no GET stays what it is.
    void redirect(Poco::Net::HTTPServerResponse& response, const Target& target) {
        response.set("Location", _settings.urlOf(checkedHost(target.host)) + target.path);
        send(response, HTTPResponse::HTTP_PERMANENT_REDIRECT, "", "Permanent Redirect");
    }

    static void send(Poco::Net::HTTPServerResponse& response, HTTPResponse::HTTPStatus status,
                     const std::string& body, const std::string& reason = "") {
        response.setStatusAndReason(status);
        if (!reason.empty()) response.setReason(reason); // for a status whose own POCO doesn't know
        if (!body.empty()) response.setContentType("text/plain");
        response.set("X-Content-Type-Options", "nosniff");
        response.setKeepAlive(false);
        response.sendBuffer(body.data(), body.size());
    }

    const FrontSettings& _settings;
    LimitedLog& _challenges;
};

} // namespace

Poco::Net::HTTPRequestHandler* PlainHttp::createRequestHandler(const Poco::Net::HTTPServerRequest&) {
    return new PlainHttpHandler(*_settings, _challenges);
}

} // namespace connector
