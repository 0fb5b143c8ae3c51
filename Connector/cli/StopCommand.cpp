#include "cli/StopCommand.h"

#include "cli/BackgroundServer.h"
#include "cli/Json.h"
#include "cli/Systemd.h"

namespace connector {

void StopCommand::run(const Arguments& arguments, std::ostream& out) {
    const auto configuration = Configuration::read(arguments.configurationFile());
    const BackgroundServer server(configuration);
    const bool wasRunning = server.isRunning();
    if (wasRunning && isManagedBySystemd(arguments.wantedConfiguration()))
        systemctl("stop");
    else if (wasRunning)
        server.stop();

    if (arguments.asJson()) {
        auto result = newJson();
        result->set("status", "stopped");
        result->set("wasrunning", wasRunning);
        return printJson(*result, out);
    }
    out << (wasRunning ? "Connector is stopped.\n" : "Connector was not running.\n");
}

} // namespace connector
