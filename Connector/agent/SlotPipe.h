#pragma once

#include "agent/AgentPipe.h"
#include "agent/ReadyLog.h"
#include "agent/Slot.h"

#include <memory>
#include <vector>

namespace connector {

/// A pipe that speaks PIPE/1: it holds a pool of connections to Connector, of which each conversation uses up
/// one. What they are joined to is what the kinds of pipes differ in. Of several hosts it dials the one that
/// has authorized last, as long as that does: an agent of PIPE/1 knows one.
class SlotPipe : public AgentPipe, private Slot::Owner {
  public:
    ~SlotPipe() override;

    bool canChangeHosts() const override { return false; }

  protected:
    /// See AgentPipe.
    SlotPipe(PipeEnvironment& environment, const AgentPipeSettings& settings,
             const Poco::Net::Context::Ptr& tls);

    /// Joins a slot's connection to a local one. On the pipe's loop.
    void join(Slot& slot, RelayPeer local);

  private:
    /// A slot waits for something to do. It may have been joined when this returns. On the pipe's loop, as
    /// are all that follow.
    virtual void onAvailable(Slot& slot) = 0;
    /// A waiting slot has received payload.
    virtual void onPayload(Slot& slot) = 0;
    /// A slot that was waiting or had received payload has lost its connection.
    virtual void onUnavailable(Slot& slot) = 0;

    void startConnections() override;
    void changeConnections(bool isNewTrust) override;
    void drainConnections() override;
    void abortConnections() override {} // relays have the others
    void onWaiting(Slot& slot) override;
    void onHolding(Slot& slot) override;
    void onLost(Slot& slot, const std::string& why) override;

    const std::size_t _connections;
    DialShared _dial;
    SlotShared _shared;
    ReadyLog _readyLog;
    std::vector<std::unique_ptr<Slot>> _slots;
};

} // namespace connector
