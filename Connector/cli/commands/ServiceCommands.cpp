#include "cli/commands/ServiceCommands.h"

#include "base/Json.h"
#include "base/Timestamp.h"
#include "cli/CommandError.h"
#include "cli/ConnectorApi.h"
#include "cli/FileLock.h"
#include "cli/Output.h"
#include "cli/commands/BackgroundServer.h"
#include "cli/commands/OwnersRights.h"
#include "cli/commands/Systemd.h"

#include <Poco/JSON/Stringifier.h>
#include <Poco/String.h>
#include <Poco/Util/Application.h>

#include <chrono>
#include <csignal>
#include <sstream>
#include <thread>
#include <vector>

namespace connector {

namespace {

using Clock = std::chrono::steady_clock;
using Poco::Util::Application;

constexpr std::chrono::milliseconds kLookAgain{50};
/// As long as systemd waits for a service (DefaultTimeoutStartSec).
constexpr std::chrono::seconds kReadyTime{90};
constexpr std::chrono::seconds kReloadTime{10};
constexpr const char* kNotRunning = "the service does not run; iofog-connector start starts it";
/// What container engines take for unhealthy; some of them reserve other codes.
constexpr int kUnhealthy = 1;

/// Waits until the API says that all mappings are restored. ended: throws when that can't come true any more.
/// help: the end of the message when it has not come true.
template <class Ended>
void waitUntilReady(ConnectorApi& api, Ended&& ended, const std::string& help = "") {
    for (const auto deadline = Clock::now() + kReadyTime; !api.isReady();
         std::this_thread::sleep_for(kLookAgain)) {
        ended();
        if (Clock::now() > deadline)
            throw CommandError(Application::EXIT_TEMPFAIL, "the service runs, and is not ready after " +
                                                               std::to_string(kReadyTime.count()) + " s: " +
                                                               api.url() + "/health does not say so" + help);
    }
}

/// Both start what does not run yet, and return whether it ran already.
bool startWithSystemd(ConnectorApi& api) {
    const bool wasRunning = isActiveInSystemd();
    if (!wasRunning) systemctl({"start"});
    waitUntilReady(api, [] {
        if (!isActiveInSystemd())
            throw CommandError(Application::EXIT_UNAVAILABLE,
                               "the service has ended at once; journalctl -u iofog-connector says why");
    });
    return wasRunning;
}

bool startInBackground(ConnectorApi& api, BackgroundServer& server) {
    const FileLock lock(api.configuration().file); // a second start finds what the first one has started
    if (server.isRunning()) {
        const auto end = [&] {
            if (!server.isRunning())
                throw CommandError(Application::EXIT_UNAVAILABLE,
                                   "the service that ran already has ended; see " + server.outputFile());
        };
        waitUntilReady(api, end,
                       "; if api.port or api.bind was another one when it was started, stop it first");
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

/// The command line that these are the options of.
std::vector<std::string> startWords(const CommonOptions& common) {
    std::vector<std::string> words{"start", "--config=" + common.wantedConfiguration};
    if (common.asJson) words.emplace_back("--json");
    return words;
}

/// Both stop what runs, and return whether anything did.
bool stopWithSystemd() {
    const bool wasRunning = isActiveInSystemd();
    if (wasRunning) systemctl({"stop"});
    return wasRunning;
}

bool stopInBackground(const BackgroundServer& server) {
    const bool wasRunning = server.isRunning();
    if (wasRunning) server.stop();
    return wasRunning;
}

void signalService(const CommonOptions& common, const Configuration& configuration, int number) {
    const bool withSystemd = isManagedBySystemd(common.wantedConfiguration);
    const BackgroundServer server(configuration);
    if (withSystemd ? !isActiveInSystemd() : !server.isRunning())
        throw CommandError(Application::EXIT_UNAVAILABLE, kNotRunning);
    if (withSystemd)
        systemctl({"kill", "--signal=" + std::to_string(number), "--kill-who=main"});
    else
        server.signal(number);
}

/// What the service says about its configuration once it has read that since then. Meanwhile it may show
/// another certificate, or refuse the token, as the file has others now.
Poco::JSON::Object::Ptr configurationReadSince(ConnectorApi& api, Poco::Int64 told) {
    std::string last = "it has not read it yet";
    for (const auto deadline = Clock::now() + kReloadTime; Clock::now() < deadline;
         std::this_thread::sleep_for(kLookAgain)) {
        try {
            const auto status = api.get("/api/v2/status", {});
            const auto read = status->getObject("configuration");
            if (read && read->getValue<Poco::Int64>("read") >= told) return read;
        } catch (const CommandError& error) {
            last = error.what();
        }
    }
    throw CommandError(Application::EXIT_TEMPFAIL,
                       "the service was told to read " + api.configuration().file +
                           " again, and its log says what came of it; its API does not: " + last);
}

/// Throws CommandError when the service has not been upgraded since it was told to be.
void checkUpgrade(const Poco::JSON::Object& status, Poco::Int64 told) {
    const auto upgrade = status.getObject("upgrade");
    if (upgrade && upgrade->getValue<Poco::Int64>("timestamp") >= told)
        throw CommandError(Application::EXIT_UNAVAILABLE,
                           "no new process serves, and the former one goes on: " +
                               upgrade->getValue<std::string>("failed"));
}

/// What the service says when another process than `former` answers. Throws CommandError when none does.
Poco::JSON::Object::Ptr statusOfSuccessor(ConnectorApi& api, int former, Poco::Int64 told) {
    std::string last = "the former process still answers";
    for (const auto deadline = Clock::now() + api.configuration().upgrade + kReloadTime;
         Clock::now() < deadline; std::this_thread::sleep_for(kLookAgain)) {
        Poco::JSON::Object::Ptr status;
        try {
            status = api.get("/api/v2/status", {{"process", NeededMember::Kind::Number}});
        } catch (const CommandError& error) { // it is between two processes
            last = error.what();
            continue;
        }
        if (status->getValue<int>("process") != former) return status;
        checkUpgrade(*status, told);
    }
    throw CommandError(Application::EXIT_TEMPFAIL,
                       "the service was told to be upgraded, and its log says what came of it; its API does "
                       "not: " +
                           last);
}

void printRead(const Poco::JSON::Object& read, std::ostream& out) {
    std::vector<std::string> changed;
    for (const auto& key : *read.getArray("changed"))
        changed.push_back(key.toString());
    out << "The configuration was read again; "
        << (changed.empty() ? "nothing has changed"
                            : "changed: " + Poco::cat(std::string(", "), changed.begin(), changed.end()))
        << ".\n";
    const auto kept = read.getArray("kept");
    if (kept->size() > 0) out << "Kept until a restart:\n";
    for (const auto& entry : *kept) {
        const auto& one = *entry.extract<Poco::JSON::Object::Ptr>();
        const auto json = [&](const char* name) {
            std::ostringstream text;
            Poco::JSON::Stringifier::stringify(one.get(name), text);
            return text.str();
        };
        out << "  " << one.getValue<std::string>("key") << ": " << json("value") << ", the file says "
            << json("file") << '\n';
    }
}

} // namespace

void startService(const CommonOptions& common, std::ostream& out) {
    const auto configuration = Configuration::load(common.configurationFile());
    const bool withSystemd = isManagedBySystemd(common.wantedConfiguration);
    if (!withSystemd) continueAsOwnerOfFolder(configuration.database.localFile(), startWords(common));
    ConnectorApi api(configuration.file);
    BackgroundServer server(configuration);
    const bool wasRunning = withSystemd ? startWithSystemd(api) : startInBackground(api, server);

    if (common.asJson) {
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

void stopService(const CommonOptions& common, std::ostream& out) {
    const auto configuration = Configuration::read(common.configurationFile());
    const bool wasRunning = isManagedBySystemd(common.wantedConfiguration)
                                ? stopWithSystemd()
                                : stopInBackground(BackgroundServer(configuration));

    if (common.asJson) {
        auto result = newJson();
        result->set("status", "stopped");
        result->set("wasrunning", wasRunning);
        return printJson(*result, out);
    }
    out << (wasRunning ? "Connector is stopped.\n" : "Connector was not running.\n");
}

void reloadService(const CommonOptions& common, std::ostream& out) {
    ConnectorApi api(common.configurationFile());
    const auto told = timestampNow();
    signalService(common, api.configuration(), SIGHUP);
    const auto read = configurationReadSince(api, told);
    if (read->has("error")) throw ConfigurationError(read->getValue<std::string>("error"));

    if (!common.asJson) return printRead(*read, out);
    auto result = newJson();
    result->set("status", "reloaded");
    result->set("changed", read->getArray("changed"));
    result->set("kept", read->getArray("kept"));
    printJson(*result, out);
}

void upgradeService(const CommonOptions& common, std::ostream& out) {
    ConnectorApi api(Configuration::load(common.configurationFile()).file);
    const auto former =
        api.get("/api/v2/status", {{"process", NeededMember::Kind::Number}})->getValue<int>("process");
    const auto told = timestampNow();
    signalService(common, api.configuration(), SIGUSR2);
    const auto status = statusOfSuccessor(api, former, told);

    const auto version = status->getValue<std::string>("version");
    const auto process = status->getValue<int>("process");
    if (common.asJson) {
        auto result = newJson();
        result->set("status", "upgraded");
        result->set("version", version);
        result->set("process", process);
        result->set("former", former);
        return printJson(*result, out);
    }
    out << "Connector " << version << " serves, as process " << process << ". Process " << former
        << " goes on with what it still relays.\n";
}

void showHealth(const CommonOptions& common, std::ostream& out) {
    ConnectorApi api(common.configurationFile());
    Poco::JSON::Object::Ptr health;
    try {
        health = api.health();
    } catch (const CommandError& error) {
        throw CommandError(kUnhealthy, std::string("not healthy: ") + error.what());
    }
    if (common.asJson) return printJson(*health, out);
    out << "healthy: " << api.url() << '\n';
}

} // namespace connector
