#pragma once

#include "agent/AgentConfiguration.h"
#include "agent/AgentPipeFactory.h"

#include <Poco/Logger.h>

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <vector>

namespace connector {

/// The pipes that run at the moment; a change of the configuration touches only those that it is about. On
/// the main thread.
class AgentPipes {
  public:
    /// bus and watcher: as AgentPipeFactory has them. All must outlive the pipes.
    AgentPipes(PipeEnvironment& environment, AgentPipeFactory::Mode mode, MessageBus* bus,
               PipeWatcher* watcher = nullptr);

    /// Stops all at once.
    ~AgentPipes();

    /// Drains the pipes that are not wanted any more, which goes on behind its back, starts the new ones, and
    /// leaves the others alone; one that only other Connectors are to be dialled by, or other certificates to
    /// be trusted, keeps its connections. Throws FieldError before anything is touched, and
    /// std::runtime_error when a new pipe can't be started; then the others run.
    void apply(const std::vector<AgentPipeSettings>& wanted);

    /// Drains all; when that takes longer than `patience`, or isHurried() says so, what still runs is reset.
    /// Returns when nothing is left.
    void stop(std::chrono::milliseconds patience, const std::function<bool()>& isHurried);

    /// What it holds, in a few words.
    std::string summary() const;

  private:
    struct Running {
        AgentPipeSettings settings;
        std::unique_ptr<AgentPipe> pipe;
    };

    /// One that runs no more, but for what it had begun.
    struct Draining {
        std::unique_ptr<AgentPipe> pipe;
        std::future<void> drained;
    };

    void changeRemotes(const std::vector<AgentPipeSettings>& wanted);
    void drainAllBut(const std::vector<AgentPipeSettings>& wanted);
    void forgetDrained();
    static bool canBecome(const Running& running, const AgentPipeSettings& settings);
    void start(const AgentPipeSettings& settings);
    bool isRunning(const AgentPipeSettings& settings) const;

    const AgentPipeFactory _factory;
    MessageBus* const _bus;
    Poco::Logger& _log;
    std::vector<Running> _pipes;
    std::vector<Draining> _draining;
};

} // namespace connector
