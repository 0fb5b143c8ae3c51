#pragma once

#include "pipe/AgentEndpoint.h"
#include "pipe/Pipe.h"
#include "pipe/VisitorEndpoint.h"

namespace connector {

/// Agents on port1, visitors on port2; each visitor is joined to one waiting agent.
class PublicPipe final : public Pipe, private AgentEndpoint::Owner, private VisitorEndpoint::Owner {
  public:
    PublicPipe(PipeEnvironment& environment, const Mapping& mapping);

  private:
    Acceptor& acceptorAt(std::size_t index) override;
    void closeConnections() override;
    void addTo(PipeStatus& status) const override;
    LastUse lastUseHere() const override;
    void onChanged() override;
    bool beginNext() override;
    void putBack(RelayPeer opener) override;
    void drop(RelayPeer opener, const std::string& why) override;
    void onAgentAvailable(AgentEndpoint& endpoint) override;
    void onVisitorReady() override;
    bool hasPartner() const override;
    void noteVisitor();

    AgentEndpoint _agents;
    VisitorAccess _access;
    VisitorEndpoint _visitors;
    std::atomic<Poco::Int64> _lastVisitor{0}; ///< while relays run, one is there
};

} // namespace connector
