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
    AgentEndpoint* agentsAt(std::size_t index) override { return index == 0 ? &_agents : nullptr; }
    VisitorEndpoint* visitors() override { return &_visitors; }
    void closeConnections() override;
    bool leave(EventLoop::Clock::duration since) override;
    void addTo(PipeStatus& status) const override;
    void report(const std::shared_ptr<ConnectionQuery>& query) const override;
    bool endWaiting(std::uint64_t number, const std::string& why,
                    const std::shared_ptr<ConnectionQuery>& query) override;
    std::vector<std::shared_ptr<Pipe2Connection>> pipe2Connections() const override;
    LastUse lastUseHere() const override;
    void onChanged() override;
    bool beginNext() override;
    void putBack(RelayPeer opener) override;
    void drop(RelayPeer opener, const std::string& why) override;
    void onAgentAvailable(AgentEndpoint& endpoint) override;
    void probeRelays() override { Pipe::probeRelays(); }
    void publishAgents(bool areThere, std::uint16_t port) override { Pipe::publishAgents(areThere, port); }
    void onVisitorReady() override;
    bool hasPartner() const override;
    bool onNoPlace(const std::string& address) override;
    void noteVisitor();
    void giveWay();

    AgentEndpoint _agents;
    VisitorAccess _access;
    VisitorEndpoint _visitors;
    Timer _givingWay;                         ///< while visitors wait that no agent is free for
    int _gaveWay = 0;                         ///< relays that were ended for those
    std::atomic<Poco::Int64> _lastVisitor{0}; ///< while relays run, one is there
};

} // namespace connector
