#pragma once

#include "agent/AgentConfiguration.h"
#include "agent/AgentPipe.h"

#include <Poco/Logger.h>
#include <Poco/Net/Context.h>

#include <memory>
#include <string>
#include <vector>

namespace connector {

/// The pipes that run at the moment; a change of the configuration touches only those that it is about. On
/// the main thread.
class AgentPipes {
  public:
    /// How the pipes speak to Connector: with Pipe1 or Pipe2, and whether without TLS, all of them.
    struct Mode {
        Protocol protocol = Protocol::Pipe2;
        bool plain = false;
    };

    /// bus: for pipes that carry ioMessages; null: there are none of those. Both must outlive the pipes.
    AgentPipes(PipeEnvironment& environment, Mode mode, MessageBus* bus);

    /// Closes all.
    ~AgentPipes();

    /// Closes the pipes that are not wanted any more, starts the new ones, and leaves the others alone.
    /// Throws FieldError before anything is touched, and std::runtime_error when a new pipe can't be started;
    /// then the others run.
    void apply(const std::vector<AgentPipeSettings>& wanted);

    /// What it holds, in a few words.
    std::string summary() const;

  private:
    struct Running {
        AgentPipeSettings settings;
        std::unique_ptr<AgentPipe> pipe;
    };

    void closeAllBut(const std::vector<AgentPipeSettings>& wanted);
    void start(const AgentPipeSettings& settings);
    Poco::Net::Context::Ptr contextOf(const AgentPipeSettings& settings) const;
    bool isRunning(const AgentPipeSettings& settings) const;

    PipeEnvironment& _environment;
    const Mode _mode;
    MessageBus* const _bus;
    Poco::Logger& _log;
    std::vector<Running> _pipes;
};

/// A client's context that trusts what the settings say; null when they say that there is no TLS. Throws
/// FieldError.
Poco::Net::Context::Ptr contextFor(const AgentPipeSettings& settings);

} // namespace connector
