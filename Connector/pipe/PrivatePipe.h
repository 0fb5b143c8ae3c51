#pragma once

#include "pipe/AgentEndpoint.h"
#include "pipe/Pipe.h"

namespace connector {

/// Agents on both ports. The first payload of a waiting agent of PIPE/1, or a stream that one of PIPE/2
/// opens, starts a conversation with an agent on the other side; while there is none, it is held.
class PrivatePipe final : public Pipe, private AgentEndpoint::Owner {
  public:
    PrivatePipe(PipeEnvironment& environment, const Mapping& mapping);

  private:
    Acceptor& acceptorAt(std::size_t index) override;
    AgentEndpoint* agentsAt(std::size_t index) override { return &at(index); }
    VisitorEndpoint* visitors() override { return nullptr; }
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

    bool beginFrom(std::size_t side);
    AgentEndpoint& at(std::size_t side);

    AgentEndpoint _agents1;
    AgentEndpoint _agents2;
};

} // namespace connector
