#include "http/HostHeader.h"

#include "base/HostName.h"

#include <Poco/Ascii.h>
#include <Poco/String.h>

#include <algorithm>
#include <arpa/inet.h>

namespace connector {

namespace {

bool isIPv6(const std::string& text) {
    in6_addr address{};
    return ::inet_pton(AF_INET6, text.substr(0, text.find('%')).c_str(), &address) == 1;
}

bool isNameCharacter(char character) {
    return Poco::Ascii::isAlphaNumeric(character) ||
           std::string_view("-._").find(character) != std::string_view::npos;
}

bool isPort(std::string_view text) {
    constexpr std::size_t kMaxDigits = 5;
    return text.size() <= kMaxDigits &&
           std::all_of(text.begin(), text.end(), [](char c) { return Poco::Ascii::isDigit(c); });
}

} // namespace

std::optional<std::string> nameIn(std::string_view host) {
    const auto colon = std::min(host.find(':'), host.size());
    const auto name = host.substr(0, colon);
    if (name.empty() || !std::all_of(name.begin(), name.end(), isNameCharacter)) return std::nullopt;
    if (colon < host.size() && !isPort(host.substr(colon + 1))) return std::nullopt;
    return plainHostName(name);
}

bool isIPv6Host(std::string_view host) {
    if (!host.starts_with('[')) return isIPv6(std::string(host));
    const auto end = host.find(']');
    if (end == std::string_view::npos || !isIPv6(std::string(host.substr(1, end - 1)))) return false;
    const auto rest = host.substr(end + 1);
    return rest.empty() || (rest.starts_with(':') && isPort(rest.substr(1)));
}

} // namespace connector
