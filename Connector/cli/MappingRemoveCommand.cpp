#include "cli/MappingRemoveCommand.h"

#include "cli/ConnectorApi.h"
#include "cli/Json.h"

namespace connector {

void MappingRemoveCommand::run(const Arguments& arguments, std::ostream& out) {
    const auto& id = arguments.operands().front();
    auto body = newJson();
    body->set("mappingid", id);
    const auto removed = ConnectorApi(arguments.configurationFile())
                             .post("/api/v2/mapping/remove", *body, {{"id", NeededMember::Kind::Text}});
    if (arguments.asJson()) return printJson(*removed, out);
    out << "Mapping " << id << " is removed.\n";
}

} // namespace connector
