#pragma once

#include "pipe/AgentEndpoint.h"
#include "pipe/Pipe.h"

namespace connector {

/// Agents on both ports. The first payload of a waiting agent starts a conversation with one that waits on
/// the other side; while there is none, the payload is held.
class PrivatePipe final : public Pipe, private AgentEndpoint::Owner {
  public:
    PrivatePipe(PipeEnvironment& environment, const Mapping& mapping);

  private:
    Acceptor& acceptorAt(std::size_t index) override;
    void closeConnections() override;
    void addTo(PipeStatus& status) const override;
    LastUse lastUseHere() const override;
    bool beginNext() override;
    void putBack(RelayPeer peer) override;
    void drop(RelayPeer peer, const std::string& why) override;
    void onAgentAvailable(AgentEndpoint& endpoint) override;

    bool beginFrom(std::size_t side);
    AgentEndpoint& at(std::size_t side);

    AgentEndpoint _agents1;
    AgentEndpoint _agents2;
};

} // namespace connector
