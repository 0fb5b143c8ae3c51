#include "cli/MappingText.h"

#include "cli/Members.h"

#include <Poco/DateTimeFormatter.h>
#include <Poco/JSON/Array.h>
#include <Poco/Timestamp.h>

namespace connector {

namespace {

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

} // namespace

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

} // namespace connector
