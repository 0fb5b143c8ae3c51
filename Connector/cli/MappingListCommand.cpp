#include "cli/MappingListCommand.h"

#include "cli/ConnectorApi.h"
#include "cli/Json.h"
#include "cli/Table.h"
#include "cli/Terminal.h"
#include "cli/UnusedMappings.h"

#include <Poco/JSON/Array.h>

namespace connector {

namespace {

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

} // namespace

void MappingListCommand::defineOptions(Poco::Util::OptionSet& options) const {
    addUnusedOption(options, "only those mappings");
}

void MappingListCommand::run(const Arguments& arguments, std::ostream& out) {
    const auto time = arguments.time(kUnused);
    auto mappings = ConnectorApi(arguments.configurationFile()).mappings();
    if (time) mappings = unusedOf(mappings, *time);
    if (arguments.asJson()) return printJson(*jsonOf(mappings), out);
    if (mappings.empty())
        out << (time ? "No mapping has been unused for so long.\n"
                     : "There are no mappings; iofog-connector mapping add opens one.\n");
    else if (time)
        printUnused(mappings, out);
    else
        printTable(mappings, out);
}

} // namespace connector
