#include "cli/MappingAddCommand.h"

#include "cli/CommandError.h"
#include "cli/ConnectorApi.h"
#include "cli/Json.h"
#include "cli/Members.h"
#include "cli/VisitorOptions.h"

#include <Poco/Util/Application.h>
#include <Poco/Util/Option.h>

#include <limits>

namespace connector {

namespace {

constexpr const char* kConnections = "max-connections";
constexpr const char* kThreshold = "heartbeat-absence-threshold";
constexpr const char* kConnections2 = "max-connections2";
constexpr const char* kThreshold2 = "heartbeat-absence-threshold2";

/// What the API takes, and what Fog Controllers ask for.
constexpr std::int64_t kMostConnections = 10000;
constexpr std::int64_t kLongestThreshold = std::numeric_limits<std::int32_t>::max();
constexpr std::int64_t kPublicConnections = 60;
constexpr std::int64_t kPrivateConnections = 1;
constexpr std::int64_t kUsualThreshold = 200000;

Poco::JSON::Object::Ptr publicMapping(const Arguments& arguments) {
    for (const auto* option : {kConnections2, kThreshold2})
        if (arguments.has(option))
            throw CommandError(Poco::Util::Application::EXIT_USAGE,
                               std::string("--") + option +
                                   " is for private mappings: no agents dial port2 of a "
                                   "public one");
    auto mapping = newJson();
    mapping->set("type", "public");
    mapping->set("maxconnections", arguments.integer(kConnections, 1, kMostConnections, kPublicConnections));
    mapping->set("heartbeatabsencethreshold",
                 arguments.integer(kThreshold, 0, kLongestThreshold, kUsualThreshold));
    setVisitorMembers(arguments, *mapping);
    return mapping;
}

Poco::JSON::Object::Ptr privateMapping(const Arguments& arguments) {
    const auto connections = arguments.integer(kConnections, 1, kMostConnections, kPrivateConnections);
    const auto threshold = arguments.integer(kThreshold, 0, kLongestThreshold, kUsualThreshold);
    auto mapping = newJson();
    mapping->set("type", "private");
    mapping->set("maxconnectionsport1", connections);
    mapping->set("maxconnectionsport2", arguments.integer(kConnections2, 1, kMostConnections, connections));
    mapping->set("heartbeatabsencethresholdport1", threshold);
    mapping->set("heartbeatabsencethresholdport2",
                 arguments.integer(kThreshold2, 0, kLongestThreshold, threshold));
    if (setVisitorMembers(arguments, *mapping) > 0)
        throw CommandError(
            Poco::Util::Application::EXIT_USAGE,
            "--alpn and --no-visitor-tls are for public mappings: a private one has no visitors");
    return mapping;
}

Poco::JSON::Object::Ptr wantedMapping(const Arguments& arguments) {
    const auto& type = arguments.operands().front();
    if (type == "public") return publicMapping(arguments);
    if (type == "private") return privateMapping(arguments);
    throw CommandError(Poco::Util::Application::EXIT_USAGE,
                       "\"" + type + "\" is no type of mapping; it must be public or private");
}

} // namespace

void MappingAddCommand::defineOptions(Poco::Util::OptionSet& options) const {
    using Poco::Util::Option;
    options.addOption(Option(kConnections, "",
                             "the most agents on a port at once, 1 to 10000; 60 when public, 1 when private")
                          .argument("N"));
    options.addOption(
        Option(kThreshold, "", "how long an agent may be silent, in ms; 200000; 0: for ever").argument("MS"));
    options.addOption(
        Option(kConnections2, "", "private: the same for port2, when it differs from port1").argument("N"));
    options.addOption(
        Option(kThreshold2, "", "private: the same for port2, when it differs from port1").argument("MS"));
    addVisitorOptions(options, /*mayTakeBack*/ false);
}

void MappingAddCommand::run(const Arguments& arguments, std::ostream& out) {
    const auto wanted = wantedMapping(arguments);
    using Kind = NeededMember::Kind;
    const auto added = ConnectorApi(arguments.configurationFile())
                           .post("/api/v2/mapping/add", *wanted,
                                 {{"id", Kind::Text},
                                  {"port1", Kind::Number},
                                  {"port2", Kind::Number},
                                  {"passcode1", Kind::Text},
                                  {"passcode2", Kind::Text}});
    if (arguments.asJson()) return printJson(*added, out);
    printMembers(*added,
                 {{"id", "id"},
                  {"port1", "port1"},
                  {"port2", "port2"},
                  {"passcode1", "passcode of port1"},
                  {"passcode2", "passcode of port2"}},
                 out);
    out << "The passcodes are shown only now.\n";
}

} // namespace connector
