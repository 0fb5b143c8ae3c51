#pragma once

#include "agent/AgentConfiguration.h"
#include "agent/ReadyLog.h"
#include "agent/Resolver.h"
#include "agent/Slot.h"
#include "pipe/PipeEnvironment.h"
#include "relay/RelaySet.h"

#include <Poco/Logger.h>
#include <Poco/Net/Context.h>

#include <future>
#include <memory>
#include <string>
#include <vector>

namespace connector {

/// The agent's side of one port of a mapping: it holds the connections to Connector and joins each to a local
/// end, which is what the kinds of pipes differ in. Made by AgentPipeFactory. It lives on one loop; relays
/// may run on others, and the pipe outlives them.
class AgentPipe : private Slot::Owner, private RelaySet::Owner {
  public:
    /// Only after the future of close() is ready, or before start().
    virtual ~AgentPipe();

    AgentPipe(const AgentPipe&) = delete;
    AgentPipe& operator=(const AgentPipe&) = delete;

    /// Begins to dial. Any thread, once.
    void start();

    /// Closes all connections; relays are reset. The future is ready when that is done. Any thread that is
    /// not a loop's, once, after start().
    std::future<void> close();

  protected:
    /// protocol: what to speak to Connector, Pipe1 or Pipe2. tls: how, or null for plain TCP. environment
    /// must outlive the pipe. Any thread.
    AgentPipe(PipeEnvironment& environment, const AgentPipeSettings& settings, Protocol protocol,
              const Poco::Net::Context::Ptr& tls);

    /// Joins a slot's connection to a local one. On the pipe's loop.
    void join(Slot& slot, RelayPeer local) { join(slot, slot.take(), std::move(local)); }

    /// The same of a connection that was taken from the slot before.
    void join(Slot& slot, RelayPeer connector, RelayPeer local);

    PipeEnvironment& environment() { return _environment; }
    EventLoop& loop() { return _loop; }
    Resolver& resolver() { return _resolver; }
    Protocol protocol() const { return _shared.protocol; }

    /// What the log calls the pipe.
    const std::string& name() const { return _name; }

  private:
    /// On the pipe's loop, as are all that follow.
    virtual void startLocal() = 0;
    virtual void closeLocal() = 0;
    /// A slot waits for something to do. It may have been joined when this returns.
    virtual void onAvailable(Slot& slot) = 0;
    /// A waiting slot has received payload.
    virtual void onPayload(Slot& slot) = 0;
    /// A slot that was waiting or had received payload has lost its connection.
    virtual void onUnavailable(Slot& slot) = 0;

    void onWaiting(Slot& slot) override;
    void onHolding(Slot& slot) override;
    void onLost(Slot& slot, const std::string& why) override;
    void onRelayEnded(const Relay& relay) override;
    void finishClosing();

    PipeEnvironment& _environment;
    EventLoop& _loop;
    const std::string _name;
    const std::size_t _connections;
    Poco::Logger& _log;
    Resolver _resolver;
    SlotShared _shared;
    std::vector<std::unique_ptr<Slot>> _slots;
    ReadyLog _readyLog;
    RelaySet _relays;
    bool _closing = false;
    /// Shared with the function that keeps it, which may outlast the pipe by a moment.
    std::shared_ptr<std::promise<void>> _closed = std::make_shared<std::promise<void>>();
};

} // namespace connector
