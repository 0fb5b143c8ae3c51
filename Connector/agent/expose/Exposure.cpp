#include "agent/expose/Exposure.h"

#include "agent/AgentConfiguration.h"
#include "agent/AgentRuntime.h"
#include "base/Logging.h"
#include "base/ProcessSetup.h"
#include "cli/CommandError.h"
#include "cli/Files.h"

#include <Poco/Util/Application.h>

#include <iostream>
#include <unistd.h>

namespace connector {

namespace {

using Poco::Util::Application;

constexpr mode_t kOwnersOnly = 0600;

AgentConfiguration configurationOf(const ExposedMapping& mapping) {
    return AgentConfiguration::parse(mapping.agentConfiguration(), AgentEnvironment::ofProcess());
}

} // namespace

Exposure::Exposure(const ExposeSettings& settings)
    : _settings(settings), _log(Poco::Logger::get("agent")), _api(settings) {}

/// Until there is something to remove, a signal may end the process as it is.
void Exposure::run() {
    const bool hasPorts = ExposedMapping::needsPorts(_api);
    _endSignals = blockSignals({SIGHUP, SIGINT, SIGTERM});
    blockSignals({ExposeWatcher::kSignal});
    raiseDescriptorLimit();
    const Logging logging(_settings.logLevel, "");
    ExposedMapping mapping(_api, _settings);
    if (!mapping.open(hasPorts, _endSignals)) return mapping.remove(_endSignals);
    auto end = End::Gone;
    try {
        const auto state = mapping.look(_endSignals);
        if (state == ExposedMapping::State::Unwanted) return mapping.remove(_endSignals);
        if (state != ExposedMapping::State::Gone) {
            keepConfiguration(mapping, /*replace*/ false);
            end = serve(mapping);
        }
    } catch (const std::exception&) {
        hasSignal(_endSignals); // a first one that has come meanwhile asks for just this
        mapping.remove(_endSignals);
        throw;
    }
    finish(mapping, end);
}

void Exposure::keepConfiguration(const ExposedMapping& mapping, bool replace) const {
    if (!_settings.keptFile) return;
    const Ownership ownership{::geteuid(), ::getegid(), kOwnersOnly};
    writeFiles({{*_settings.keptFile, mapping.agentConfiguration(), ownership, replace}});
}

Exposure::End Exposure::serve(ExposedMapping& mapping) {
    ExposeWatcher watcher;
    watcher.print(mapping.url());
    AgentRuntime runtime;
    AgentPipes pipes(runtime.environment, {}, nullptr, &watcher);
    const auto configuration = configurationOf(mapping);
    pipes.apply(configuration.pipes);
    const auto end = watch(mapping, pipes, watcher);
    const auto patience = end == End::Asked ? configuration.drainTimeout : std::chrono::milliseconds(0);
    stopPipes(pipes, patience, _endSignals);
    return end;
}

/// Until a signal asks for the end, or until there is nothing to be served any more.
Exposure::End Exposure::watch(ExposedMapping& mapping, AgentPipes& pipes, ExposeWatcher& watcher) {
    auto signals = _endSignals;
    ::sigaddset(&signals, ExposeWatcher::kSignal);
    while (awaitSignal(signals) == ExposeWatcher::kSignal) {
        if (const auto end = lookAfter(mapping, pipes, watcher)) return *end;
        if (watcher.isDisowned()) return End::PasscodeChanged;
    }
    return End::Asked;
}

/// A Connector that is away is no reason to end: it may come back, and its mappings with it.
std::optional<Exposure::End> Exposure::lookAfter(ExposedMapping& mapping, AgentPipes& pipes,
                                                 ExposeWatcher& watcher) {
    try {
        const auto state = mapping.look(_endSignals);
        if (state == ExposedMapping::State::Moved) {
            watcher.print(mapping.url());
            keepConfiguration(mapping, /*replace*/ true);
            pipes.apply(configurationOf(mapping).pipes);
        }
        if (state == ExposedMapping::State::Gone) return End::Gone;
        if (state == ExposedMapping::State::Unwanted) return End::Asked;
    } catch (const CommandError& error) {
        _log.information("%s", std::string(error.what()));
    }
    return std::nullopt;
}

void Exposure::finish(ExposedMapping& mapping, End end) {
    if (end == End::Gone)
        throw CommandError(Application::EXIT_UNAVAILABLE,
                           "mapping " + mapping.id() + " was removed by somebody else, and visitors with it");
    if (end == End::PasscodeChanged)
        throw CommandError(
            Application::EXIT_NOPERM,
            "Connector says that the passcode is wrong: somebody has changed that of mapping " +
                mapping.id() + ", which stays");
    if (!_settings.keptFile) return mapping.remove(_endSignals);
    std::cerr << "Mapping " << mapping.id()
              << " stays open; iofog-connector-agent --config=" << *_settings.keptFile << " serves it again."
              << std::endl;
}

} // namespace connector
