#include "cli/commands/MappingCommands.h"

#include "base/Json.h"
#include "cli/CommandError.h"
#include "cli/ConnectorApi.h"
#include "cli/Output.h"
#include "cli/Terminal.h"
#include "cli/commands/AgentOfMapping.h"
#include "cli/commands/MappingOutput.h"
#include "cli/commands/UnusedMappings.h"
#include "model/Mapping.h"
#include "model/MappingLimits.h"

#include <Poco/JSON/Array.h>
#include <Poco/Util/Application.h>

#include <iostream>

namespace connector {

namespace {

using Poco::Util::Application;

Poco::JSON::Object::Ptr jsonOf(const std::vector<Poco::JSON::Object::Ptr>& mappings) {
    Poco::JSON::Array::Ptr array = new Poco::JSON::Array;
    for (const auto& mapping : mappings)
        array->add(mapping);
    auto result = newJson();
    result->set("mappings", array);
    return result;
}

Poco::JSON::Object::Ptr publicMapping(const AddMappingOptions& options) {
    if (options.maxConnections2 || options.heartbeatAbsence2)
        throw CommandError(
            Application::EXIT_USAGE,
            std::string(options.maxConnections2 ? "--max-connections2" : "--heartbeat-absence-threshold2") +
                " is for private mappings: no agents dial port2 of a public one");
    auto mapping = newJson();
    mapping->set("type", Mapping::kPublic);
    mapping->set("maxconnections", options.maxConnections.value_or(kUsualPublicConnections));
    mapping->set("heartbeatabsencethreshold", options.heartbeatAbsence.value_or(kUsualHeartbeatAbsence));
    setMembers(options.settings, *mapping);
    return mapping;
}

Poco::JSON::Object::Ptr privateMapping(const AddMappingOptions& options) {
    refuseVisitorOptions(options.settings);
    if (options.agentConfig)
        throw CommandError(Application::EXIT_USAGE,
                           "--agent-config is for public mappings: a private one has two agents, which "
                           "serve different ends");
    const auto connections = options.maxConnections.value_or(kUsualPrivateConnections);
    const auto absence = options.heartbeatAbsence.value_or(kUsualHeartbeatAbsence);
    auto mapping = newJson();
    mapping->set("type", Mapping::kPrivate);
    mapping->set("maxconnectionsport1", connections);
    mapping->set("maxconnectionsport2", options.maxConnections2.value_or(connections));
    mapping->set("heartbeatabsencethresholdport1", absence);
    mapping->set("heartbeatabsencethresholdport2", options.heartbeatAbsence2.value_or(absence));
    setMembers(options.settings, *mapping);
    return mapping;
}

Poco::JSON::Object::Ptr wantedMapping(const AddMappingOptions& options) {
    if (options.type != Mapping::kPublic && options.type != Mapping::kPrivate)
        throw CommandError(Application::EXIT_USAGE,
                           "\"" + options.type + "\" is no type of mapping; it must be public or private");
    auto mapping = options.type == Mapping::kPublic ? publicMapping(options) : privateMapping(options);
    if (options.noPorts) mapping->set("ports", false);
    return mapping;
}

/// The answer to `add` has none.
std::string urlOf(ConnectorApi& api, const Poco::JSON::Object& added) {
    return api.mapping(added.getValue<std::string>("id"))->optValue<std::string>("url", "");
}

/// What is not the agent's goes to standard error, so that the rest can be saved as it is.
void showAgent(ConnectorApi& api, const Poco::JSON::Object& added, const AgentTarget& target,
               std::ostream& out) {
    printAgentOf(api.configuration(), added, target, out);
    std::cerr << "Mapping " << added.getValue<std::string>("id") << " is open; visitors use "
              << urlOf(api, added) << ".\n";
}

/// The mapping is open, whatever becomes of this request.
void showUrl(ConnectorApi& api, const Poco::JSON::Object& added, std::ostream& out) {
    try {
        out << "Visitors use " + urlOf(api, added) + ".\n";
    } catch (const CommandError&) { // `mapping show` will tell
    }
}

Poco::JSON::Object::Ptr wantedPasscode(const PasscodeOptions& options) {
    if (options.side && *options.side != "port1" && *options.side != "port2")
        throw CommandError(Application::EXIT_USAGE,
                           "--side=" + *options.side + " is not allowed; it must be port1 or port2");
    auto change = newJson();
    if (options.side) change->set("side", *options.side);
    if (options.overlap) change->set("overlap", *options.overlap);
    return change;
}

void checkRemoval(const CommonOptions& common, const RemoveMappingOptions& options) {
    if (options.id.empty() != options.unused.has_value())
        throw CommandError(Application::EXIT_USAGE,
                           "what is to be removed must be given, as an ID or as --unused=TIME, not both");
    if (options.unused && !options.yes && (common.asJson || !isInteractive()))
        throw CommandError(
            Application::EXIT_USAGE,
            "--unused asks before it removes anything, which takes a terminal and no --json; with "
            "--yes it doesn't ask");
}

} // namespace

void listMappings(const CommonOptions& common, std::optional<std::chrono::seconds> unused,
                  std::ostream& out) {
    auto mappings = ConnectorApi(common.configurationFile()).mappings();
    if (unused) mappings = unusedOf(mappings, *unused);
    if (common.asJson) return printJson(*jsonOf(mappings), out);
    if (mappings.empty())
        out << (unused ? "No mapping has been unused for so long.\n"
                       : "There are no mappings; iofog-connector mapping add opens one.\n");
    else if (unused)
        printUnused(mappings, out);
    else
        printMappings(mappings, out);
}

void showMapping(const CommonOptions& common, const std::string& id, std::ostream& out) {
    const auto mapping = ConnectorApi(common.configurationFile()).mapping(id);
    if (common.asJson) return printJson(*mapping, out);
    printMapping(*mapping, out);
}

void showConnections(const CommonOptions& common, const std::string& id, std::ostream& out) {
    const auto connections = ConnectorApi(common.configurationFile()).connections(id);
    if (common.asJson) return printJson(*connections, out);
    printConnections(*connections, out);
}

void endConnection(const CommonOptions& common, const std::string& id, std::int64_t number,
                   std::ostream& out) {
    const auto ended = ConnectorApi(common.configurationFile()).endConnection(id, number);
    if (common.asJson) return printJson(*ended, out);
    out << "Connection " << number << " is ended.\n";
}

void addMapping(const CommonOptions& common, const AddMappingOptions& options, std::ostream& out) {
    const auto wanted = wantedMapping(options);
    const auto target = AgentTarget::parse("--target", options.target.value_or(kUsualTarget));
    ConnectorApi api(common.configurationFile());
    auto added = api.addMapping(*wanted);
    if (options.agentConfig) return showAgent(api, *added, target, out);
    if (common.asJson) return printJson(*added, out);
    if (options.settings.name) added->set("name", *options.settings.name);
    printMembers(*added,
                 {{"id", "id"},
                  {"name", "name"},
                  {"port1", "port1"},
                  {"port2", "port2"},
                  {"passcode1", "passcode of port1"},
                  {"passcode2", "passcode of port2"}},
                 out);
    out << "The passcodes are shown only now.\n" << std::flush;
    if (options.type == Mapping::kPublic) showUrl(api, *added, out);
}

void changeMapping(const CommonOptions& common, const std::string& id, const MappingSettings& settings,
                   std::ostream& out) {
    Poco::JSON::Object change;
    setMembers(settings, change);
    if (change.size() == 0)
        throw CommandError(Application::EXIT_USAGE,
                           "no option says what is to be changed; see iofog-connector mapping set --help");
    const auto mapping = ConnectorApi(common.configurationFile()).changeMapping(id, change);
    if (common.asJson) return printJson(*mapping, out);
    printMapping(*mapping, out);
}

void changePasscode(const CommonOptions& common, const PasscodeOptions& options, std::ostream& out) {
    const auto change = wantedPasscode(options);
    const auto changed = ConnectorApi(common.configurationFile()).changePasscode(options.id, *change);
    if (common.asJson) return printJson(*changed, out);
    printMembers(*changed,
                 {{"id", "id"}, {"passcode1", "passcode of port1"}, {"passcode2", "passcode of port2"}}, out);
    const std::chrono::milliseconds overlap(changed->getValue<std::int64_t>("overlap"));
    out << "It is shown only now. The former one is "
        << (overlap.count() > 0 ? "good for " + readableTime(overlap) + " more" : "not good any more")
        << ".\n";
}

void removeMappings(const CommonOptions& common, const RemoveMappingOptions& options, std::ostream& out) {
    checkRemoval(common, options);
    ConnectorApi api(common.configurationFile());
    if (options.unused) return removeUnused(api, *options.unused, options.yes, common.asJson, out);
    const auto removed = api.removeMapping(options.id);
    if (common.asJson) return printJson(*removed, out);
    out << "Mapping " << options.id << " is removed.\n";
}

} // namespace connector
