#include "agent/proxy/ProxyChoice.h"

#include "base/Network.h"
#include "base/PeerAddress.h"

#include <Poco/Ascii.h>
#include <Poco/Net/IPAddress.h>
#include <Poco/String.h>
#include <Poco/StringTokenizer.h>

#include <algorithm>

namespace connector {

namespace {

constexpr const char* kAll = "*";

std::optional<Poco::Net::IPAddress> addressIn(std::string text) {
    if (text.size() > 1 && text.front() == '[' && text.back() == ']') text = text.substr(1, text.size() - 2);
    Poco::Net::IPAddress address;
    if (!Poco::Net::IPAddress::tryParse(text, address)) return std::nullopt;
    return withoutZone(address);
}

/// Dots at either end are left out: ".example.org" is the same as "example.org".
std::string bareName(const std::string& name) {
    const auto begin = name.find_first_not_of('.');
    if (begin == std::string::npos) return "";
    return Poco::toLower(name.substr(begin, name.find_last_not_of('.') - begin + 1));
}

bool isOrIsBelow(const std::string& name, const std::string& domain) {
    return !domain.empty() && (name == domain || name.ends_with("." + domain));
}

bool matches(const std::string& entry, const std::string& host) {
    const auto address = addressIn(host);
    if (entry == kAll) return true;
    if (!address) return isOrIsBelow(bareName(host), bareName(entry));
    if (const auto network = Network::parse(entry)) return network->contains(*address);
    return addressIn(entry) == address;
}

} // namespace

std::optional<HttpProxy> ProxyChoice::to(const std::string& host) const {
    if (!proxy) return std::nullopt;
    const Poco::StringTokenizer entries(exceptions, ", \t", Poco::StringTokenizer::TOK_IGNORE_EMPTY);
    const bool isException = std::any_of(entries.begin(), entries.end(),
                                         [&](const std::string& entry) { return matches(entry, host); });
    return isException ? std::nullopt : proxy;
}

} // namespace connector
