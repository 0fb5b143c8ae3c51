#include "mapping/DatabaseLocation.h"

#include <Poco/Exception.h>
#include <Poco/StringTokenizer.h>
#include <Poco/URI.h>

namespace connector {

namespace {

/// As it is, when it can't be decoded.
std::string decoded(const std::string& text) {
    std::string result;
    try {
        Poco::URI::decode(text, result);
    } catch (const Poco::SyntaxException&) {
        return text;
    }
    return result;
}

} // namespace

/// Rather too often than too seldom: what is in front of the last @ may be of a password with an @ or a /.
bool DatabaseLocation::holdsPassword(const std::string& uri) {
    const auto query = uri.find('?');
    const auto begin = uri.find("://") + 3;
    const auto at = uri.rfind('@', query);
    if (at != std::string::npos && at > begin && uri.substr(begin, at - begin).find(':') != std::string::npos)
        return true;
    if (query == std::string::npos) return false;
    const Poco::StringTokenizer parameters(uri.substr(query + 1), "&");
    for (const auto& parameter : parameters) {
        const auto name = decoded(parameter.substr(0, parameter.find('=')));
        if (name == "password" || name == "sslpassword") return true;
    }
    return false;
}

} // namespace connector
