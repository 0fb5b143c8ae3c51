#include "agent/proxy/HttpProxy.h"

#include "base/Printable.h"

#include <Poco/Exception.h>
#include <Poco/Net/HTTPBasicCredentials.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/String.h>
#include <Poco/URI.h>

#include <algorithm>
#include <sstream>

namespace connector {

namespace {

using Poco::Net::HTTPRequest;
using Poco::Net::HTTPResponse;

constexpr const char* kScheme = "http";

/// The longest name in the DNS.
constexpr std::size_t kMaxHost = 253;

/// Characters of what it says in an answer.
constexpr std::size_t kMaxShown = 100;

bool isHost(const std::string& name) {
    return !name.empty() && name.size() <= kMaxHost && std::all_of(name.begin(), name.end(), [](char one) {
        return one > ' ' && one <= '~' && one != '%';
    });
}

/// Throws Poco::SyntaxException.
std::string decoded(const std::string& text) {
    std::string result;
    Poco::URI::decode(text, result);
    return result;
}

/// Throws Poco::SyntaxException; a colon in the user's name would begin the password.
std::string credentialsOf(const std::string& userInfo) {
    if (userInfo.empty()) return "";
    const auto colon = std::min(userInfo.find(':'), userInfo.size());
    const auto user = decoded(userInfo.substr(0, colon));
    if (user.find(':') != std::string::npos) throw Poco::SyntaxException("a colon in the user's name");
    return user + ":" + (colon < userInfo.size() ? decoded(userInfo.substr(colon + 1)) : "");
}

/// To wrong ones, tinyproxy answers 401.
bool isAboutCredentials(int status) {
    return status == HTTPResponse::HTTP_PROXY_AUTHENTICATION_REQUIRED ||
           status == HTTPResponse::HTTP_UNAUTHORIZED;
}

bool offersBasic(const HTTPResponse& answer) {
    const auto end = answer.end();
    for (auto field = answer.find("Proxy-Authenticate"); field != end; ++field)
        if (Poco::icompare(field->first, "Proxy-Authenticate") == 0 &&
            Poco::toLower(field->second).find("basic") != std::string::npos)
            return true;
    return false;
}

} // namespace

std::optional<HttpProxy> HttpProxy::parse(const std::string& url) {
    const bool hasScheme = url.find("://") != std::string::npos;
    try {
        const Poco::URI uri(hasScheme ? url : std::string(kScheme) + "://" + url);
        const bool isPlace = uri.getPathEtc().empty() || uri.getPathEtc() == "/";
        const bool isClear = std::count(url.begin(), url.end(), '@') <= 1; // POCO takes the last part of more
        if (uri.getScheme() != kScheme || !isPlace || !isClear || !isHost(uri.getHost())) return std::nullopt;
        return HttpProxy{uri.getHost(), uri.getPort(), credentialsOf(uri.getUserInfo())};
    } catch (const Poco::SyntaxException&) {
        return std::nullopt;
    }
}

std::string HttpProxy::name() const {
    return host + ":" + std::to_string(port);
}

std::string HttpProxy::target(const std::string& host, std::uint16_t port) {
    const bool isIpv6 = host.find(':') != std::string::npos;
    return (isIpv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::string HttpProxy::request(const std::string& target) const {
    HTTPRequest request(HTTPRequest::HTTP_CONNECT, target, HTTPRequest::HTTP_1_1);
    request.set(HTTPRequest::HOST, target);
    if (!credentials.empty()) {
        const auto colon = credentials.find(':');
        Poco::Net::HTTPBasicCredentials(credentials.substr(0, colon), credentials.substr(colon + 1))
            .proxyAuthenticate(request);
    }
    std::ostringstream text;
    request.write(text);
    return text.str();
}

std::string HttpProxy::refusalIn(const std::string& head) const {
    HTTPResponse answer;
    try {
        std::istringstream text(head);
        answer.read(text);
    } catch (const Poco::Exception&) {
        return "its answer is no HTTP: " + printable(head.substr(0, head.find_first_of("\r\n")), kMaxShown);
    }
    const int status = answer.getStatus();
    if (status / 100 == 2) return "";
    const auto said = std::to_string(status) + " " + printable(answer.getReason(), kMaxShown);
    if (!isAboutCredentials(status)) return said;
    if (answer.has("Proxy-Authenticate") && !offersBasic(answer))
        return said + "; it asks for " + printable(answer.get("Proxy-Authenticate"), kMaxShown) +
               ", and nothing but Basic is spoken here";
    return said + (credentials.empty() ? "; it asks for a user and a password"
                                       : "; it asks for another user or password");
}

} // namespace connector
