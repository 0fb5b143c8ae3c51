#include "cli/PublicAddress.h"

#include <Poco/Ascii.h>
#include <Poco/Net/IPAddress.h>
#include <Poco/String.h>
#include <Poco/StringTokenizer.h>

#include <algorithm>
#include <set>

namespace connector {

namespace {

/// Of host names (RFC 1035, section 2.3.4).
constexpr std::size_t kLongestName = 253;
constexpr std::size_t kLongestLabel = 63;

bool isLabel(const std::string& text) {
    const auto isAllowed = [](unsigned char c) {
        return Poco::Ascii::isAlphaNumeric(c) || c == '-' || c == '_';
    };
    return !text.empty() && text.size() <= kLongestLabel && text.front() != '-' && text.back() != '-' &&
           std::all_of(text.begin(), text.end(), isAllowed);
}

/// With digits alone at its end it would be an IP address gone wrong.
bool isHostName(const std::string& text) {
    const Poco::StringTokenizer labels(text, ".");
    if (text.empty() || text.size() > kLongestName || !std::all_of(labels.begin(), labels.end(), isLabel))
        return false;
    const auto& last = labels[labels.count() - 1];
    return !std::all_of(last.begin(), last.end(), [](unsigned char c) { return Poco::Ascii::isDigit(c); });
}

/// What equal addresses have in common, however they are written.
std::string normal(const std::string& address) {
    Poco::Net::IPAddress ip;
    return Poco::Net::IPAddress::tryParse(address, ip) ? ip.toString() : Poco::toLower(address);
}

} // namespace

bool isPublicAddress(const std::string& text) {
    Poco::Net::IPAddress ip;
    if (!Poco::Net::IPAddress::tryParse(text, ip)) return isHostName(text);
    const bool isWhole = ip.family() == Poco::Net::IPAddress::IPv6 ? text.find('%') == std::string::npos
                                                                   : ip.toString() == text; // not "1.2.3"
    return isWhole && ip.isUnicast();
}

std::vector<std::string> withoutDuplicates(const std::vector<std::string>& addresses) {
    std::vector<std::string> result;
    std::set<std::string> known;
    for (const auto& address : addresses)
        if (known.insert(normal(address)).second) result.push_back(address);
    return result;
}

} // namespace connector
