#include "agent/AgentPipes.h"

#include "agent/iofog/MessageBus.h"

#include <algorithm>
#include <stdexcept>

namespace connector {

namespace {

/// How often it is looked whether there is reason to hurry.
constexpr std::chrono::milliseconds kTick{20};

bool carriesMessages(const AgentPipeSettings& settings) {
    return settings.role == AgentPipeSettings::Role::Messages;
}

} // namespace

AgentPipes::AgentPipes(PipeEnvironment& environment, AgentPipeFactory::Mode mode, MessageBus* bus,
                       PipeWatcher* watcher)
    : _factory(environment, mode, bus, watcher), _bus(bus), _log(Poco::Logger::get("agent")) {}

AgentPipes::~AgentPipes() {
    stop(std::chrono::milliseconds(0), [] { return true; });
}

void AgentPipes::apply(const std::vector<AgentPipeSettings>& wanted) {
    for (const auto& settings : wanted)
        _factory.contextOf(settings); // says what is wrong before anything is touched
    forgetDrained();
    changeRemotes(wanted);
    drainAllBut(wanted);
    if (_bus && std::none_of(wanted.begin(), wanted.end(), carriesMessages)) _bus->stop();
    std::string failure;
    for (const auto& settings : wanted) {
        try {
            if (!isRunning(settings)) start(settings);
        } catch (const std::runtime_error& error) {
            failure = error.what();
        }
    }
    if (!failure.empty()) throw std::runtime_error(failure);
}

std::string AgentPipes::summary() const {
    if (_pipes.empty()) return "waits for its configuration";
    if (_pipes.size() == 1) return "holds " + _pipes.front().settings.summary();
    return "holds " + std::to_string(_pipes.size()) + " pipes";
}

void AgentPipes::stop(std::chrono::milliseconds patience, const std::function<bool()>& isHurried) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    drainAllBut({});
    forgetDrained();
    while (!_draining.empty() && std::chrono::steady_clock::now() < deadline && !isHurried()) {
        _draining.front().drained.wait_for(kTick);
        forgetDrained();
    }
    for (const auto& one : _draining)
        one.pipe->abort();
    for (const auto& one : _draining)
        one.drained.wait();
    _draining.clear();
}

void AgentPipes::changeRemotes(const std::vector<AgentPipeSettings>& wanted) {
    for (const auto& settings : wanted) {
        if (isRunning(settings)) continue;
        const auto earlier = std::find_if(_pipes.begin(), _pipes.end(), [&](const Running& running) {
            return canBecome(running, settings) &&
                   std::find(wanted.begin(), wanted.end(), running.settings) == wanted.end();
        });
        if (earlier == _pipes.end()) continue;
        const bool isNewTrust = earlier->settings.trusted != settings.trusted;
        earlier->settings = settings;
        earlier->pipe->change(settings, _factory.contextOf(settings));
        _log.notice("holds %s%s from now on", settings.summary(),
                    std::string(isNewTrust ? ", and trusts other certificates" : ""));
    }
}

/// One that keeps none of its hosts would have nothing to go on with.
bool AgentPipes::canBecome(const Running& running, const AgentPipeSettings& settings) {
    if (!running.settings.differsInRemotesOnly(settings)) return false;
    const auto& hosts = running.settings.hosts;
    if (hosts == settings.hosts && running.settings.proxies == settings.proxies) return true;
    return running.pipe->canChangeHosts() &&
           std::find_first_of(hosts.begin(), hosts.end(), settings.hosts.begin(), settings.hosts.end()) !=
               hosts.end();
}

void AgentPipes::drainAllBut(const std::vector<AgentPipeSettings>& wanted) {
    const auto isWanted = [&](const Running& running) {
        return std::find(wanted.begin(), wanted.end(), running.settings) != wanted.end();
    };
    const auto unwanted = std::stable_partition(_pipes.begin(), _pipes.end(), isWanted);
    for (auto it = unwanted; it != _pipes.end(); ++it) {
        auto drained = it->pipe->drain();
        _draining.push_back({std::move(it->pipe), std::move(drained)});
    }
    _pipes.erase(unwanted, _pipes.end());
}

void AgentPipes::forgetDrained() {
    std::erase_if(_draining, [](const Draining& one) {
        return one.drained.wait_for(std::chrono::milliseconds(0)) == std::future_status::ready;
    });
}

void AgentPipes::start(const AgentPipeSettings& settings) {
    auto pipe = _factory.createPipe(settings);
    pipe->start();
    if (carriesMessages(settings)) _bus->start();
    _pipes.push_back({settings, std::move(pipe)});
    _log.notice("holds %s", settings.summary());
}

bool AgentPipes::isRunning(const AgentPipeSettings& settings) const {
    return std::any_of(_pipes.begin(), _pipes.end(),
                       [&](const Running& running) { return running.settings == settings; });
}

} // namespace connector
