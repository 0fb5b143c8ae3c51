#include "agent/AgentPipes.h"

#include "agent/iofog/MessageBus.h"

#include <algorithm>
#include <future>
#include <stdexcept>

namespace connector {

namespace {

bool carriesMessages(const AgentPipeSettings& settings) {
    return settings.role == AgentPipeSettings::Role::Messages;
}

} // namespace

AgentPipes::AgentPipes(PipeEnvironment& environment, AgentPipeFactory::Mode mode, MessageBus* bus)
    : _factory(environment, mode, bus), _bus(bus), _log(Poco::Logger::get("agent")) {}

AgentPipes::~AgentPipes() {
    closeAllBut({});
}

void AgentPipes::apply(const std::vector<AgentPipeSettings>& wanted) {
    for (const auto& settings : wanted)
        _factory.contextOf(settings); // says what is wrong before anything is touched
    closeAllBut(wanted);
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

void AgentPipes::closeAllBut(const std::vector<AgentPipeSettings>& wanted) {
    const auto isWanted = [&](const Running& running) {
        return std::find(wanted.begin(), wanted.end(), running.settings) != wanted.end();
    };
    const auto unwanted = std::stable_partition(_pipes.begin(), _pipes.end(), isWanted);
    std::vector<std::future<void>> closing;
    for (auto it = unwanted; it != _pipes.end(); ++it)
        closing.push_back(it->pipe->close());
    for (auto& closed : closing)
        closed.wait();
    _pipes.erase(unwanted, _pipes.end());
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
