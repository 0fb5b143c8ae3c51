#include "app/Reload.h"

#include "app/ReloadPlan.h"
#include "app/Server.h"

#include <Poco/Exception.h>
#include <Poco/Logger.h>
#include <Poco/String.h>

namespace connector {

namespace {

Poco::Logger& log() {
    return Poco::Logger::get("app");
}

void tell(const ConfigurationReport& report) {
    const auto& changed = report.changed;
    log().notice("the configuration was read again; " +
                 (changed.empty()
                      ? "nothing has changed"
                      : "changed: " + Poco::cat(std::string(", "), changed.begin(), changed.end())));
    if (!report.kept.empty()) log().warning("kept until a restart: " + inWords(report.kept));
}

} // namespace

Reload::Reload(Configuration& configuration, Server& server, Logging& logging, bool isDaemon)
    : _configuration(configuration), _server(server), _logging(logging), _isDaemon(isDaemon) {}

std::string Reload::run(const std::string& file) {
    try {
        apply(file);
        const auto kept = inWords(_server.lastConfiguration().get().kept);
        return kept.empty() ? "" : "kept until a restart: " + kept;
    } catch (const Poco::FileException& error) {
        return refuse(file + ": log.file: it can't be written: " + error.displayText());
    } catch (const Poco::Exception& error) {
        return refuse(file + ": " + error.displayText());
    } catch (const std::exception& error) {
        return refuse(error.what());
    }
}

/// What may throw comes before what changes anything.
void Reload::apply(const std::string& file) {
    ReloadPlan plan(_configuration, file);
    const auto renewal = _server.prepare(plan.next, _configuration);
    _logging.change(plan.next.logLevel, _isDaemon ? plan.next.backgroundLogFile() : plan.next.logFile);
    _server.change(plan.next, renewal);
    _configuration = plan.next;
    tell(plan.report);
    _server.lastConfiguration().set(std::move(plan.report));
}

std::string Reload::refuse(const std::string& why) {
    const auto told = "the configuration was read again and is refused, all stays as it was: " + why;
    log().error(told);
    _server.lastConfiguration().set({.changed = {}, .kept = {}, .error = why});
    return told;
}

} // namespace connector
