#include "agent/proxy/HttpProxy.h"

#include "base/HostName.h"
#include "base/PeerAddress.h"
#include "base/Printable.h"

#include <Poco/Exception.h>
#include <Poco/Net/HTTPBasicCredentials.h>
#include <Poco/Net/HTTPCredentials.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/Net/MessageHeader.h>
#include <Poco/String.h>
#include <Poco/URI.h>

#include <algorithm>
#include <sstream>
#include <vector>

namespace connector {

namespace {

using Poco::Net::HTTPRequest;
using Poco::Net::HTTPResponse;

constexpr const char* kScheme = "http";

/// Characters of what it says in an answer.
constexpr std::size_t kMaxShown = 100;

bool isHost(const std::string& name) {
    return !name.empty() && name.size() <= kLongestHostName &&
           std::all_of(name.begin(), name.end(),
                       [](char one) { return one > ' ' && one <= '~' && one != '%'; });
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

/// Throws Poco::Exception.
HTTPResponse parsed(const std::string& head) {
    HTTPResponse answer;
    std::istringstream text(head);
    answer.read(text);
    return answer;
}

/// To wrong ones, tinyproxy answers 401.
bool isAboutCredentials(int status) {
    return status == HTTPResponse::HTTP_PROXY_AUTHENTICATION_REQUIRED ||
           status == HTTPResponse::HTTP_UNAUTHORIZED;
}

/// challenges: with commas between them and between their parameters (RFC 9110, section 11.6.1).
bool isBasicAmong(const std::string& challenges) {
    std::vector<std::string> parts;
    Poco::Net::MessageHeader::splitElements(challenges, parts);
    return std::any_of(parts.begin(), parts.end(), [](const std::string& part) {
        return Poco::Net::HTTPCredentials::isBasicCredentials(part);
    });
}

bool offersBasic(const HTTPResponse& answer) {
    return std::any_of(answer.begin(), answer.end(), [](const auto& field) {
        return Poco::icompare(field.first, "Proxy-Authenticate") == 0 && isBasicAmong(field.second);
    });
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
    return inWords(host, port);
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

/// Behind 101, what follows is of another protocol.
bool HttpProxy::isInterim(const std::string& head) {
    try {
        const int status = parsed(head).getStatus();
        return status / 100 == 1 && status != HTTPResponse::HTTP_SWITCHING_PROTOCOLS;
    } catch (const Poco::Exception&) {
        return false;
    }
}

std::string HttpProxy::refusalIn(const std::string& head) const {
    HTTPResponse answer;
    try {
        answer = parsed(head);
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
