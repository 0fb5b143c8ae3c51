#include "api/AcceptedHosts.h"

#include "base/HostName.h"
#include "base/Printable.h"
#include "http/HostHeader.h"
#include "http/HttpError.h"

#include <Poco/String.h>
#include <Poco/URI.h>

#include <algorithm>
#include <arpa/inet.h>
#include <optional>

namespace connector {

namespace {

using Poco::Net::HTTPRequest;
using Poco::Net::HTTPResponse;

[[noreturn]] void refuse(const std::string& message) {
    throw HttpError(HTTPResponse::HTTP_FORBIDDEN, message);
}

bool isIPv4(const std::string& text) {
    in_addr address{};
    return ::inet_pton(AF_INET, text.c_str(), &address) == 1;
}

void checkHost(const AcceptedHosts& hosts, const std::string& host) {
    if (hosts.accepts(host)) return;
    const auto name = nameIn(host);
    if (!name) refuse("Host: " + printable(host) + " is neither a host name nor an IP address");
    const auto shown = printable(*name, kLongestHostName);
    refuse(
        "Host: " + shown +
        " is not accepted; it must be an IP address, localhost, the configuration's \"address\", or a name "
        "in its api.hosts, as in \"hosts\": [\"" +
        shown + "\"]");
}

/// "" where there is none, also in what is no URI, which is refused for that.
std::string authorityOf(const std::string& target) {
    try {
        return Poco::URI(target).getAuthority();
    } catch (const Poco::Exception&) {
        return "";
    }
}

bool isOwnOrigin(const std::string& origin, const std::string& host) {
    return !host.empty() &&
           (Poco::icompare(origin, "http://" + host) == 0 || Poco::icompare(origin, "https://" + host) == 0);
}

void checkSite(const HTTPRequest& request) {
    if (request.has("Origin") && !isOwnOrigin(request.get("Origin"), request.get(HTTPRequest::HOST, "")))
        refuse("Origin: web pages of other sites may not call this API; a program sends no such header");
    // Whatever a browser says that is neither a page of its own nor the person at it, comes from elsewhere.
    const auto site = Poco::toLower(request.get("Sec-Fetch-Site", "none"));
    if (site != "none" && site != "same-origin")
        refuse(
            "Sec-Fetch-Site: web pages of other sites may not call this API; a program sends no such header");
}

/// A person follows a link: what is answered takes the place of the page that has it, which learns nothing.
bool isFollowedLink(const HTTPRequest& request) {
    return !request.has("Origin") && request.get("Sec-Fetch-Mode", "") == "navigate" &&
           request.get("Sec-Fetch-Dest", "") == "document";
}

} // namespace

AcceptedHosts::AcceptedHosts(const std::string& address, const std::vector<std::string>& hosts)
    : _names{plainHostName(address)} {
    for (const auto& host : hosts)
        _names.insert(plainHostName(host));
}

bool AcceptedHosts::accepts(std::string_view host) const {
    if (isIPv6Host(host)) return true;
    const auto name = nameIn(host);
    if (!name) return false;
    return *name == "localhost" || name->ends_with(".localhost") || isIPv4(*name) || _names.contains(*name);
}

void AcceptedHosts::check(const HTTPRequest& request) const {
    checkHosts(request);
    checkSite(request);
}

void AcceptedHosts::checkPage(const HTTPRequest& request) const {
    checkHosts(request);
    if (!isFollowedLink(request)) checkSite(request);
}

void AcceptedHosts::checkHosts(const HTTPRequest& request) const {
    // Without the header only a client of HTTP/1.0 gets this far, and no browser is one.
    if (request.has(HTTPRequest::HOST)) checkHost(*this, request.get(HTTPRequest::HOST));
    // A target with a host of its own, as for a proxy, is meant for that host (RFC 9112, 3.2.2).
    const auto inTarget = authorityOf(request.getURI());
    if (!inTarget.empty()) checkHost(*this, inTarget);
}

} // namespace connector
