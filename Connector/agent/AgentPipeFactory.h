#pragma once

#include "agent/AgentConfiguration.h"
#include "agent/AgentPipe.h"
#include "pipe/PipeEnvironment.h"

#include <Poco/Net/Context.h>

#include <memory>

namespace connector {

class MessageBus;

/// Makes the agent's pipes, each of the kind that its settings want. Any thread.
class AgentPipeFactory {
  public:
    /// How the command line wants all pipes to speak to Connector.
    struct Mode {
        Protocol protocol = Protocol::Pipe2;
        bool plain = false;
    };

    /// bus: for pipes that carry ioMessages; null: there are none of those. watcher: of pipes of PIPE/2 that
    /// serve; may be null. All must outlive the factory and what it makes.
    AgentPipeFactory(PipeEnvironment& environment, Mode mode, MessageBus* bus,
                     PipeWatcher* watcher = nullptr);

    /// Throws FieldError for a certificate that can't be used, and std::runtime_error when the pipe can't
    /// listen where it should.
    std::unique_ptr<AgentPipe> createPipe(const AgentPipeSettings& settings) const;

    /// How to speak TLS with Connector; null for plain TCP. Throws FieldError.
    Poco::Net::Context::Ptr contextOf(const AgentPipeSettings& settings) const;

  private:
    PipeEnvironment& _environment;
    const Mode _mode;
    MessageBus* const _bus;
    PipeWatcher* const _watcher;
};

/// A client's context that trusts what the settings say; null when they say that there is no TLS. Throws
/// FieldError.
Poco::Net::Context::Ptr contextFor(const AgentPipeSettings& settings);

} // namespace connector
