#pragma once

#include "agent/AgentConfiguration.h"
#include "agent/PipeWatcher.h"
#include "agent/Resolver.h"
#include "base/Lifeline.h"
#include "pipe/PipeEnvironment.h"
#include "relay/RelaySet.h"

#include <Poco/Logger.h>
#include <Poco/Net/Context.h>

#include <future>
#include <string>

namespace connector {

/// The agent's side of one port of a mapping: it holds connections to Connector and joins what comes by them
/// to local ends, or local ends to them. Made by AgentPipeFactory. It lives on one loop; relays and
/// connections of PIPE/2 may run on others, and the pipe outlives them.
class AgentPipe : private RelaySet::Owner {
  public:
    /// Only when the future of drain() is ready, or before start().
    virtual ~AgentPipe();

    AgentPipe(const AgentPipe&) = delete;
    AgentPipe& operator=(const AgentPipe&) = delete;

    /// Begins to dial. Any thread, once.
    void start();

    /// Whether change() may name other hosts and proxies. Any thread.
    virtual bool canChangeHosts() const = 0;

    /// Dials as these settings say from now on, which may differ from its own in the remotes only;
    /// connections that are there, and still wanted, go on as they are. tls: as for the pipe's making. Any
    /// thread, after start() and before drain().
    void change(const AgentPipeSettings& settings, Poco::Net::Context::Ptr tls);

    /// Takes on nothing new, and lets what runs come to its end; the future is ready when all of it has.
    /// Waits until it doesn't listen any more. Any thread that is not a loop's, once, after start().
    std::future<void> drain();

    /// After drain(): resets what still runs. Any thread, once.
    void abort();

  protected:
    /// tls: how Connector is spoken to, or null for plain TCP. watcher: null for none. environment and
    /// watcher must outlive the pipe. Any thread.
    AgentPipe(PipeEnvironment& environment, const AgentPipeSettings& settings, Poco::Net::Context::Ptr tls,
              PipeWatcher* watcher = nullptr);

    PipeEnvironment& environment() { return _environment; }
    EventLoop& loop() { return _loop; }
    Resolver& resolver() { return _resolver; }
    RelaySet& relays() { return _relays; }
    const Lifeline& lifeline() const { return _lifeline; }
    Poco::Logger& log() { return _log; }
    PipeWatcher* watcher() const { return _watcher; }
    bool isDraining() const { return _isDraining; }

    /// What the log calls the pipe: by the hosts that it began with.
    const std::string& name() const { return _name; }

    /// As change() has left them. On the pipe's loop.
    const AgentPipeSettings& settings() const { return _settings; }
    const Poco::Net::Context::Ptr& tls() const { return _tls; }

  private:
    /// On the pipe's loop, as are all that follow.
    virtual void startLocal() = 0;
    virtual void startConnections() = 0;
    /// settings() and tls() have changed. isNewTrust: so have the certificates to trust; those connections
    /// that rest after a failure are tried at once.
    virtual void changeConnections(bool isNewTrust) = 0;
    /// Nothing new comes from there any more.
    virtual void stopLocal() = 0;
    virtual void drainConnections() = 0;
    virtual void abortConnections() = 0;

    void onRelayEnded(const Relay& relay) override;

    PipeEnvironment& _environment;
    EventLoop& _loop;
    const std::string _name;
    Poco::Logger& _log;
    AgentPipeSettings _settings;
    Poco::Net::Context::Ptr _tls;
    PipeWatcher* const _watcher;
    Resolver _resolver;
    Lifeline _lifeline;
    RelaySet _relays;
    bool _isDraining = false;
};

} // namespace connector
