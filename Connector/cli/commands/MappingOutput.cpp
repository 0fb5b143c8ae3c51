#include "cli/commands/MappingOutput.h"

#include "cli/Output.h"
#include "cli/Table.h"
#include "cli/Terminal.h"

#include <Poco/DateTimeFormatter.h>
#include <Poco/JSON/Array.h>
#include <Poco/Timestamp.h>

#include <algorithm>

namespace connector {

namespace {

/// On a private mapping, of either port.
std::string agentsWaiting(const Poco::JSON::Object& mapping) {
    if (mapping.has("agentswaiting")) return mapping.getValue<std::string>("agentswaiting");
    return mapping.getValue<std::string>("agentswaitingport1") + "+" +
           mapping.getValue<std::string>("agentswaitingport2");
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

/// What 0, or an empty list, stands for.
void sayWhatIsUnlimited(Poco::JSON::Object& mapping) {
    for (const auto& [key, unlimited] :
         {std::pair("visitorsperaddress", "any number"), std::pair("visitorrate", "any number"),
          std::pair("relayidle", "for ever"), std::pair("bandwidth", "any number")})
        if (mapping.has(key) && mapping.getValue<std::int64_t>(key) == 0) mapping.set(key, unlimited);
    for (const auto& [key, unlimited] : {std::pair("allow", "anywhere"), std::pair("deny", "nowhere")}) {
        if (!mapping.isArray(key)) continue;
        const auto names = namesIn(*mapping.getArray(key));
        mapping.set(key, names.empty() ? unlimited : names);
    }
}

bool isAnywhere(const std::string& key, const std::vector<Poco::JSON::Object::Ptr>& mappings) {
    return std::any_of(mappings.begin(), mappings.end(), [&](const auto& mapping) {
        return !mapping->template optValue<std::string>(key, "").empty();
    });
}

/// Those of the front are not the mapping's.
void sayWhoseThePortsAre(Poco::JSON::Object& mapping) {
    if (mapping.optValue("ports", true)) return;
    for (const auto* key : {"port1", "port2"})
        mapping.set(key, mapping.getValue<std::string>(key) + ", the front's");
}

/// "12 (3 denied, 9 rate)".
std::string refusalsIn(const Poco::JSON::Object& refusals) {
    Poco::Int64 all = 0;
    std::string reasons;
    for (const auto& [reason, value] : refusals) {
        const auto count = value.convert<Poco::Int64>();
        if (count == 0) continue;
        all += count;
        reasons += (reasons.empty() ? "" : ", ") + std::to_string(count) + " " + reason;
    }
    return std::to_string(all) + (all == 0 ? "" : " (" + reasons + ")");
}

} // namespace

void printMappings(const std::vector<Poco::JSON::Object::Ptr>& mappings, std::ostream& out) {
    using Align = Table::Align;
    const bool areNamed = isAnywhere("name", mappings);
    const bool areLabelled = isAnywhere("label", mappings);
    std::vector<Table::Column> columns{{"ID"},
                                       {"TYPE"},
                                       {"PORT1", Align::Right},
                                       {"PORT2", Align::Right},
                                       {"AGENTS", Align::Right},
                                       {"RELAYS", Align::Right},
                                       {"STATE"}};
    if (areNamed) columns.push_back({"NAME", Align::Left, /*mayBeCut*/ true});
    if (areLabelled) columns.push_back({"LABEL", Align::Left, /*mayBeCut*/ true});
    Table table(columns);
    for (const auto& mapping : mappings) {
        const auto text = [&](const char* key) { return mapping->getValue<std::string>(key); };
        std::vector<std::string> cells{
            text("id"),     text("type"), text("port1"), text("port2"), agentsWaiting(*mapping),
            text("relays"), text("state")};
        if (areNamed) cells.push_back(mapping->optValue<std::string>("name", ""));
        if (areLabelled) cells.push_back(mapping->optValue<std::string>("label", ""));
        table.add(std::move(cells));
    }
    table.print(out, terminalWidth());
}

void printMapping(const Poco::JSON::Object& mapping, std::ostream& out) {
    auto shown = mapping;
    for (const auto* key : {"created", "lastagent", "lastvisitor"})
        if (mapping.has(key)) shown.set(key, momentOf(mapping.getValue<Poco::Int64>(key)));
    if (mapping.isArray("alpn")) shown.set("alpn", namesIn(*mapping.getArray("alpn")));
    if (mapping.has("visitortls"))
        shown.set("visitortls", mapping.getValue<bool>("visitortls") ? "as agents have it" : "no");
    if (mapping.isObject("visitorsrefused"))
        shown.set("visitorsrefused", refusalsIn(*mapping.getObject("visitorsrefused")));
    if (mapping.has("logrelays")) shown.set("logrelays", mapping.getValue<bool>("logrelays") ? "yes" : "no");
    sayWhatIsUnlimited(shown);
    sayWhoseThePortsAre(shown);
    printMembers(shown,
                 {{"id", "id"},
                  {"label", "label"},
                  {"name", "name"},
                  {"type", "type"},
                  {"state", "state"},
                  {"url", "URL"},
                  {"port1", "port1"},
                  {"port2", "port2"},
                  {"alpn", "protocols of visitors (ALPN)"},
                  {"visitortls", "TLS of visitors"},
                  {"visitorsperaddress", "visitors of one address, at most"},
                  {"visitorrate", "new visitors of one address in a second, at most"},
                  {"allow", "visitors may come from"},
                  {"deny", "visitors may not come from"},
                  {"relayidle", "relays may be idle for, ms"},
                  {"bandwidth", "bytes a second each way, at most"},
                  {"logrelays", "relays' ends are logged"},
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
                  {"visitorsrefused", "visitors refused"},
                  {"relays", "relays"},
                  {"bytesfromport1", "bytes from port1"},
                  {"bytesfromport2", "bytes from port2"},
                  {"created", "opened"},
                  {"lastagent", "last agent"},
                  {"lastvisitor", "last visitor"}},
                 out);
}

void printConnections(const Poco::JSON::Object& connections, std::ostream& out) {
    using Align = Table::Align;
    Table table({{"N", Align::Right},
                 {"WHO"},
                 {"PORT", Align::Right},
                 {"ADDRESS"},
                 {"SINCE"},
                 {"STATE"},
                 {"IN", Align::Right},
                 {"OUT", Align::Right},
                 {"WITH"}});
    for (const auto& [key, who] : {std::pair("agents", "agent"), std::pair("visitors", "visitor")})
        for (const auto& one : *connections.getArray(key)) {
            const auto& connection = *one.extract<Poco::JSON::Object::Ptr>();
            const auto text = [&](const char* name) { return connection.optValue<std::string>(name, ""); };
            const auto bytes = [&](const char* name) {
                return readableBytes(connection.getValue<double>(name));
            };
            table.add({text("n"), who, text("port"), text("address"),
                       momentOf(connection.getValue<Poco::Int64>("since")),
                       connection.has("streams") ? text("streams") + " streams" : text("state"),
                       bytes("bytesin"), bytes("bytesout"), text("agent")});
        }
    table.print(out, terminalWidth());
    if (connections.has("truncated")) out << "There are more than are shown.\n";
}

} // namespace connector
