#include "cli/AgentJson.h"

#include "base/Json.h"
#include "base/PeerAddress.h"
#include "cli/CommandError.h"
#include "model/Mapping.h"

#include <Poco/NumberParser.h>
#include <Poco/RegularExpression.h>
#include <Poco/Util/Application.h>

#include <limits>
#include <vector>

namespace connector {

namespace {

/// A few of a mapping's usual places (kUsualPublicConnections), so that a second agent has room, too. In
/// PIPE/2 it is a bound: Connector says how many are good.
constexpr int kConnections = 10;

} // namespace

AgentTarget AgentTarget::parse(const std::string& option, const std::string& text) {
    static const Poco::RegularExpression unix(R"(^unix:/[!-~]+$)");
    static const Poco::RegularExpression place(
        R"(^(?:(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+)):)?([0-9]{1,5})$)");
    if (unix.match(text)) return {text, 0};
    std::vector<std::string> parts;
    unsigned port = 0;
    if (place.split(text, parts) == 0 || !Poco::NumberParser::tryParseUnsigned(parts.at(3), port) ||
        port == 0 || port > std::numeric_limits<std::uint16_t>::max())
        throw CommandError(Poco::Util::Application::EXIT_USAGE,
                           option + "=" + text +
                               " is not allowed; it must be a port of this machine such as 8080, HOST:PORT, "
                               "[ADDRESS]:PORT or unix:/path of a socket");
    const auto host = parts.at(1) + parts.at(2);
    return {host.empty() ? "127.0.0.1" : host, static_cast<std::uint16_t>(port)};
}

std::string AgentTarget::toString() const {
    return port == 0 ? host : inWords(host, port);
}

Poco::JSON::Object::Ptr agentConfiguration(const AgentAccess& access, const AgentTarget& target) {
    auto agent = newJson();
    agent->set("mode", Mapping::kPublic);
    agent->set("host", access.host);
    agent->set("port", access.port);
    agent->set("connectioncount", kConnections);
    agent->set("passcode", access.passcode);
    agent->set("localhost", target.host);
    if (target.port != 0) agent->set("localport", target.port);
    if (access.isPlain) agent->set("devmode", true);
    if (!access.trusted.empty()) agent->set("cert", access.trusted);
    return agent;
}

} // namespace connector
