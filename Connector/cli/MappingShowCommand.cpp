#include "cli/MappingShowCommand.h"

#include "cli/ConnectorApi.h"
#include "cli/Json.h"
#include "cli/Members.h"

namespace connector {

void MappingShowCommand::run(const Arguments& arguments, std::ostream& out) {
    const auto mapping = ConnectorApi(arguments.configurationFile()).mapping(arguments.operands().front());
    if (arguments.asJson()) return printJson(*mapping, out);
    printMembers(*mapping,
                 {{"id", "id"},
                  {"type", "type"},
                  {"state", "state"},
                  {"url", "URL"},
                  {"port1", "port1"},
                  {"port2", "port2"},
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
                  {"bytesfromport2", "bytes from port2"}},
                 out);
}

} // namespace connector
