#include "cli/StopCommand.h"

#include "cli/BackgroundServer.h"
#include "cli/Json.h"
#include "cli/Systemd.h"

namespace connector {

namespace {

/// Both stop what runs, and return whether anything did.
bool stopWithSystemd() {
    const bool wasRunning = isActiveInSystemd();
    if (wasRunning) systemctl("stop");
    return wasRunning;
}

bool stopInBackground(const BackgroundServer& server) {
    const bool wasRunning = server.isRunning();
    if (wasRunning) server.stop();
    return wasRunning;
}

} // namespace

void StopCommand::run(const Arguments& arguments, std::ostream& out) {
    const auto configuration = Configuration::read(arguments.configurationFile());
    const bool wasRunning = isManagedBySystemd(arguments.wantedConfiguration())
                                ? stopWithSystemd()
                                : stopInBackground(BackgroundServer(configuration));

    if (arguments.asJson()) {
        auto result = newJson();
        result->set("status", "stopped");
        result->set("wasrunning", wasRunning);
        return printJson(*result, out);
    }
    out << (wasRunning ? "Connector is stopped.\n" : "Connector was not running.\n");
}

} // namespace connector
