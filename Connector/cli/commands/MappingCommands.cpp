#include "cli/commands/MappingCommands.h"

#include "base/Json.h"
#include "cli/CommandError.h"
#include "cli/ConnectorApi.h"
#include "cli/OptionValues.h"
#include "cli/Output.h"
#include "cli/Table.h"
#include "cli/Terminal.h"
#include "cli/commands/UnusedMappings.h"
#include "model/Mapping.h"

#include <Poco/DateTimeFormatter.h>
#include <Poco/JSON/Array.h>
#include <Poco/Timestamp.h>
#include <Poco/Util/Application.h>

namespace connector {

namespace {

using Poco::Util::Application;

/// On a private mapping, of either port.
std::string agentsWaiting(const Poco::JSON::Object& mapping) {
    if (mapping.has("agentswaiting")) return mapping.getValue<std::string>("agentswaiting");
    return mapping.getValue<std::string>("agentswaitingport1") + "+" +
           mapping.getValue<std::string>("agentswaitingport2");
}

Poco::JSON::Object::Ptr jsonOf(const std::vector<Poco::JSON::Object::Ptr>& mappings) {
    Poco::JSON::Array::Ptr array = new Poco::JSON::Array;
    for (const auto& mapping : mappings)
        array->add(mapping);
    auto result = newJson();
    result->set("mappings", array);
    return result;
}

void printTable(const std::vector<Poco::JSON::Object::Ptr>& mappings, std::ostream& out) {
    using Align = Table::Align;
    Table table({{"ID"},
                 {"TYPE"},
                 {"PORT1", Align::Right},
                 {"PORT2", Align::Right},
                 {"AGENTS", Align::Right},
                 {"RELAYS", Align::Right},
                 {"STATE"}});
    for (const auto& mapping : mappings) {
        const auto text = [&](const char* key) { return mapping->getValue<std::string>(key); };
        table.add({text("id"), text("type"), text("port1"), text("port2"), agentsWaiting(*mapping),
                   text("relays"), text("state")});
    }
    table.print(out, terminalWidth());
}

/// milliseconds: as the API tells times.
std::string momentOf(Poco::Int64 milliseconds) {
    return Poco::DateTimeFormatter::format(Poco::Timestamp(milliseconds * 1000), "%Y-%m-%d %H:%M:%S UTC");
}

std::string namesIn(const Poco::JSON::Array& array) {
    std::string names;
    for (const auto& name : array)
        names += (names.empty() ? "" : ", ") + name.toString();
    return names;
}

/// Prints a mapping for people: of the API's members, those that are named here.
void printMapping(const Poco::JSON::Object& mapping, std::ostream& out) {
    auto shown = mapping;
    for (const auto* key : {"created", "lastagent", "lastvisitor"})
        if (mapping.has(key)) shown.set(key, momentOf(mapping.getValue<Poco::Int64>(key)));
    if (mapping.isArray("alpn")) shown.set("alpn", namesIn(*mapping.getArray("alpn")));
    if (mapping.has("visitortls"))
        shown.set("visitortls", mapping.getValue<bool>("visitortls") ? "as agents have it" : "no");
    printMembers(shown,
                 {{"id", "id"},
                  {"type", "type"},
                  {"state", "state"},
                  {"url", "URL"},
                  {"port1", "port1"},
                  {"port2", "port2"},
                  {"alpn", "protocols of visitors (ALPN)"},
                  {"visitortls", "TLS of visitors"},
                  {"maxconnections", "agent connections, at most"},
                  {"maxconnectionsport1", "agent connections on port1, at most"},
                  {"maxconnectionsport2", "agent connections on port2, at most"},
                  {"heartbeatabsencethreshold", "agents may be silent for, ms"},
                  {"heartbeatabsencethresholdport1", "agents on port1 may be silent for, ms"},
                  {"heartbeatabsencethresholdport2", "agents on port2 may be silent for, ms"},
                  {"agentswaiting", "agents waiting"},
                  {"agentswaitingport1", "agents waiting on port1"},
                  {"agentswaitingport2", "agents waiting on port2"},
                  {"visitorswaiting", "visitors waiting"},
                  {"relays", "relays"},
                  {"bytesfromport1", "bytes from port1"},
                  {"bytesfromport2", "bytes from port2"},
                  {"created", "opened"},
                  {"lastagent", "last agent"},
                  {"lastvisitor", "last visitor"}},
                 out);
}

/// The members that these options stand for; none when none is given.
void setVisitorMembers(const VisitorOptions& options, Poco::JSON::Object& mapping) {
    if (options.alpn)
        mapping.set("alpn", jsonArrayOf(wordsOf(*options.alpn)));
    else if (options.noAlpn)
        mapping.set("alpn", jsonArrayOf({}));
    if (options.tls || options.noTls) mapping.set("visitortls", options.tls);
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
    setVisitorMembers(options.visitors, *mapping);
    return mapping;
}

Poco::JSON::Object::Ptr privateMapping(const AddMappingOptions& options) {
    if (options.visitors.alpn || options.visitors.noTls)
        throw CommandError(
            Application::EXIT_USAGE,
            "--alpn and --no-visitor-tls are for public mappings: a private one has no visitors");
    const auto connections = options.maxConnections.value_or(kUsualPrivateConnections);
    const auto absence = options.heartbeatAbsence.value_or(kUsualHeartbeatAbsence);
    auto mapping = newJson();
    mapping->set("type", Mapping::kPrivate);
    mapping->set("maxconnectionsport1", connections);
    mapping->set("maxconnectionsport2", options.maxConnections2.value_or(connections));
    mapping->set("heartbeatabsencethresholdport1", absence);
    mapping->set("heartbeatabsencethresholdport2", options.heartbeatAbsence2.value_or(absence));
    return mapping;
}

Poco::JSON::Object::Ptr wantedMapping(const AddMappingOptions& options) {
    if (options.type == Mapping::kPublic) return publicMapping(options);
    if (options.type == Mapping::kPrivate) return privateMapping(options);
    throw CommandError(Application::EXIT_USAGE,
                       "\"" + options.type + "\" is no type of mapping; it must be public or private");
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
        printTable(mappings, out);
}

void showMapping(const CommonOptions& common, const std::string& id, std::ostream& out) {
    const auto mapping = ConnectorApi(common.configurationFile()).mapping(id);
    if (common.asJson) return printJson(*mapping, out);
    printMapping(*mapping, out);
}

void addMapping(const CommonOptions& common, const AddMappingOptions& options, std::ostream& out) {
    const auto wanted = wantedMapping(options);
    using Kind = NeededMember::Kind;
    const auto added = ConnectorApi(common.configurationFile())
                           .post("/api/v2/mapping/add", *wanted,
                                 {{"id", Kind::Text},
                                  {"port1", Kind::Number},
                                  {"port2", Kind::Number},
                                  {"passcode1", Kind::Text},
                                  {"passcode2", Kind::Text}});
    if (common.asJson) return printJson(*added, out);
    printMembers(*added,
                 {{"id", "id"},
                  {"port1", "port1"},
                  {"port2", "port2"},
                  {"passcode1", "passcode of port1"},
                  {"passcode2", "passcode of port2"}},
                 out);
    out << "The passcodes are shown only now.\n";
}

void changeMapping(const CommonOptions& common, const std::string& id, const VisitorOptions& options,
                   std::ostream& out) {
    Poco::JSON::Object change;
    setVisitorMembers(options, change);
    if (change.size() == 0)
        throw CommandError(Application::EXIT_USAGE,
                           "no option says what is to be changed; see iofog-connector mapping set --help");
    const auto mapping = ConnectorApi(common.configurationFile()).changeMapping(id, change);
    if (common.asJson) return printJson(*mapping, out);
    printMapping(*mapping, out);
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
