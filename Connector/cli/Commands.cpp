#include "cli/Commands.h"

#include "cli/CheckCommand.h"
#include "cli/HealthCommand.h"
#include "cli/HelpCommand.h"
#include "cli/ImportCommand.h"
#include "cli/MappingAddCommand.h"
#include "cli/MappingListCommand.h"
#include "cli/MappingRemoveCommand.h"
#include "cli/MappingSetCommand.h"
#include "cli/MappingShowCommand.h"
#include "cli/SetupCommand.h"
#include "cli/StartCommand.h"
#include "cli/StatusCommand.h"
#include "cli/StopCommand.h"
#include "cli/VersionCommand.h"

namespace connector {

namespace {

template <class Type>
std::unique_ptr<Command> make() {
    return std::make_unique<Type>();
}

} // namespace

Poco::Util::OptionSet CommandEntry::options() const {
    Poco::Util::OptionSet options;
    make()->defineOptions(options);
    Arguments::addCommonOptions(options);
    return options;
}

const std::vector<CommandEntry>& allCommands() {
    static const std::vector<CommandEntry> commands{
        {"setup", "", 0, 0, "make a configuration for production, with certificate and identities",
         make<SetupCommand>},
        {"check", "", 0, 0, "check configuration, certificate and database; changes nothing",
         make<CheckCommand>},
        {"start", "", 0, 0, "start the service and wait until it is ready", make<StartCommand>},
        {"stop", "", 0, 0, "stop the service and wait until it has ended", make<StopCommand>},
        {"status", "", 0, 0, "show what the running service does, and what is degraded", make<StatusCommand>},
        {"health", "", 0, 0, "say whether the service is healthy: exit code 0, or 1", make<HealthCommand>},
        {"mapping list", "", 0, 0, "list all mappings, or those that nobody uses", make<MappingListCommand>},
        {"mapping show", "ID", 1, 1, "show one mapping", make<MappingShowCommand>},
        {"mapping add", "public|private", 1, 1, "open a mapping", make<MappingAddCommand>},
        {"mapping set", "ID", 1, 1, "change how visitors of an open mapping connect",
         make<MappingSetCommand>},
        {"mapping remove", "ID|--unused=TIME", 0, 1,
         "close a mapping and all its connections, or all that nobody uses", make<MappingRemoveCommand>},
        {"import", "FILE", 1, 1, "take over the mappings of the earlier Connector, from its configs.json",
         make<ImportCommand>},
        {"version", "", 0, 0, "show the version", make<VersionCommand>},
        {"help", "[COMMAND]", 0, 2, "show this help, or a command's", make<HelpCommand>},
    };
    return commands;
}

} // namespace connector
