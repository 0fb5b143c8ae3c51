#include "cli/MappingShowCommand.h"

#include "cli/ConnectorApi.h"
#include "cli/Json.h"
#include "cli/MappingText.h"

namespace connector {

void MappingShowCommand::run(const Arguments& arguments, std::ostream& out) {
    const auto mapping = ConnectorApi(arguments.configurationFile()).mapping(arguments.operands().front());
    if (arguments.asJson()) return printJson(*mapping, out);
    printMapping(*mapping, out);
}

} // namespace connector
