#include "cli/MappingSetCommand.h"

#include "cli/CommandError.h"
#include "cli/ConnectorApi.h"
#include "cli/Json.h"
#include "cli/MappingText.h"
#include "cli/VisitorOptions.h"

#include <Poco/Util/Application.h>

namespace connector {

void MappingSetCommand::defineOptions(Poco::Util::OptionSet& options) const {
    addVisitorOptions(options, /*mayTakeBack*/ true);
}

void MappingSetCommand::run(const Arguments& arguments, std::ostream& out) {
    Poco::JSON::Object change;
    if (setVisitorMembers(arguments, change) == 0)
        throw CommandError(Poco::Util::Application::EXIT_USAGE,
                           "no option says what is to be changed; see iofog-connector mapping set --help");
    const auto mapping =
        ConnectorApi(arguments.configurationFile()).changeMapping(arguments.operands().front(), change);
    if (arguments.asJson()) return printJson(*mapping, out);
    printMapping(*mapping, out);
}

} // namespace connector
