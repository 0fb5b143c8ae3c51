#include "cli/StartCommand.h"

#include "cli/BackgroundServer.h"
#include "cli/CommandError.h"
#include "cli/ConnectorApi.h"
#include "cli/Json.h"
#include "cli/OwnersRights.h"
#include "cli/Systemd.h"
#include "cli/Turn.h"

#include <Poco/String.h>
#include <Poco/Util/Application.h>

#include <chrono>
#include <thread>
#include <vector>

namespace connector {

namespace {

using Clock = std::chrono::steady_clock;
using Poco::Util::Application;

constexpr std::chrono::milliseconds kLookAgain{50};
/// As long as systemd waits for a service (DefaultTimeoutStartSec).
constexpr std::chrono::seconds kReadyTime{90};

/// Waits until the API says that all mappings are restored. ended: throws when that can't come true any more.
template <class Ended>
void waitUntilReady(ConnectorApi& api, Ended&& ended) {
    for (const auto deadline = Clock::now() + kReadyTime; !api.isReady();
         std::this_thread::sleep_for(kLookAgain)) {
        ended();
        if (Clock::now() > deadline)
            throw CommandError(Application::EXIT_TEMPFAIL, "the service runs, and is not ready after " +
                                                               std::to_string(kReadyTime.count()) + " s: " +
                                                               api.url() + "/health does not say so");
    }
}

/// Both start what does not run yet, and return whether it ran already.
bool startWithSystemd(ConnectorApi& api) {
    const bool wasRunning = isActiveInSystemd();
    if (!wasRunning) systemctl("start");
    waitUntilReady(api, [] {
        if (!isActiveInSystemd())
            throw CommandError(Application::EXIT_UNAVAILABLE,
                               "the service has ended at once; journalctl -u iofog-connector says why");
    });
    return wasRunning;
}

bool startInBackground(ConnectorApi& api, BackgroundServer& server) {
    const Turn turn(api.configuration().file); // a second start finds what the first one has started
    if (server.isRunning()) {
        waitUntilReady(api, [&] {
            if (!server.isRunning())
                throw CommandError(Application::EXIT_UNAVAILABLE,
                                   "the service that ran already has ended; see " + server.outputFile());
        });
        return true;
    }
    if (api.isReady()) // or its readiness would be taken for that of the one to be started
        throw CommandError(Application::EXIT_UNAVAILABLE,
                           "another Connector, with another database, answers at " + api.url());
    server.forget(); // what a server that was killed has left
    server.launch();
    waitUntilReady(api, [&] {
        const auto exitCode = server.exitCode();
        if (!exitCode) return;
        server.forget();
        throw CommandError(*exitCode == Application::EXIT_OK ? int{Application::EXIT_UNAVAILABLE} : *exitCode,
                           "the service has ended at once: " + Poco::trim(server.output()));
    });
    return false;
}

/// The command line that these are the arguments of.
std::vector<std::string> wordsOf(const Arguments& arguments) {
    std::vector<std::string> words{"start", "--config=" + arguments.wantedConfiguration()};
    if (arguments.asJson()) words.emplace_back("--json");
    return words;
}

} // namespace

void StartCommand::run(const Arguments& arguments, std::ostream& out) {
    const auto configuration = Configuration::load(arguments.configurationFile());
    const bool withSystemd = isManagedBySystemd(arguments.wantedConfiguration());
    if (!withSystemd) continueAsOwnerOfFolder(configuration.databaseFile, wordsOf(arguments));
    ConnectorApi api(configuration.file);
    BackgroundServer server(configuration);
    const bool wasRunning = withSystemd ? startWithSystemd(api) : startInBackground(api, server);

    if (arguments.asJson()) {
        auto result = newJson();
        result->set("status", "running");
        result->set("wasrunning", wasRunning);
        result->set("api", api.url());
        return printJson(*result, out);
    }
    out << (wasRunning ? "Connector was running already" : "Connector is ready") << ": API at " << api.url()
        << ", " << (configuration.dev ? "development mode (no TLS)" : "production mode (TLS)") << ".\n";
    if (server.pid() > 0) out << "Process " << server.pid() << ", log in " << server.outputFile() << ".\n";
}

} // namespace connector
