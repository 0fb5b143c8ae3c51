#include "http2/ConnectRequest.h"

#include <Poco/Net/IPAddress.h>
#include <Poco/NumberParser.h>
#include <Poco/RegularExpression.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

namespace connector {

namespace {

constexpr std::size_t kFieldOverhead = 32;

/// The `for` of RFC 7239's first element, which must be a quoted address with its port: a port has a colon,
/// and that is no token.
std::string visitorIn(const std::string& forwarded) {
    static const Poco::RegularExpression form(
        R"re(^(?:[^",]*;)?\s*for="(\[[0-9A-Fa-f:.]+\]:\d{1,5}|\d{1,3}(?:\.\d{1,3}){3}:\d{1,5})"\s*(?:[;,].*)?$)re",
        Poco::RegularExpression::RE_CASELESS);
    std::vector<std::string> parts;
    return form.split(forwarded, parts) > 1 ? parts.at(1) : "";
}

/// Without asking the DNS, as Poco::Net::SocketAddress would.
bool isAddress(const std::string& text) {
    const auto colon = text.rfind(':');
    if (colon == std::string::npos) return false;
    auto host = text.substr(0, colon);
    const bool isBracketed = host.starts_with('[');
    if (isBracketed) host = host.substr(1, host.size() - 2);
    Poco::Net::IPAddress address;
    unsigned port = 0;
    return Poco::Net::IPAddress::tryParse(host, address) &&
           isBracketed == (address.family() == Poco::Net::IPAddress::IPv6) &&
           Poco::NumberParser::tryParseUnsigned(text.substr(colon + 1), port) &&
           port <= std::numeric_limits<std::uint16_t>::max();
}

} // namespace

/// A zone ("%eth0") means nothing to others.
std::string forwardedFor(const std::string& visitor) {
    const auto zone = visitor.find('%');
    if (zone == std::string::npos) return "for=\"" + visitor + "\"";
    return "for=\"" + visitor.substr(0, zone) +
           visitor.substr(std::min(visitor.find(']', zone), visitor.size())) + "\"";
}

bool ConnectRequestReader::add(std::string_view name, std::string_view value) {
    _size += name.size() + value.size() + kFieldOverhead;
    if (_size > kMaxHeaderList) return false;
    if (name == ":method") _method = value;
    if (name == ":authority") _request.authority = value;
    if (name == "forwarded" && _forwarded.empty()) {
        _forwarded = value;
        _request.visitor = visitorIn(_forwarded);
    }
    return true;
}

std::string ConnectRequestReader::error() const {
    if (_method != "CONNECT") return "the method must be CONNECT";
    if (_forwarded.empty()) return "the header forwarded is missing; it must be like for=\"192.0.2.7:51234\"";
    if (!isAddress(_request.visitor))
        return "the header forwarded must be like for=\"192.0.2.7:51234\" or for=\"[2001:db8::7]:51234\"";
    return "";
}

} // namespace connector
