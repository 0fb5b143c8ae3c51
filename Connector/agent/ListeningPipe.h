#pragma once

#include "agent/AgentPipe.h"
#include "base/LimitedLog.h"
#include "pipe/Opening.h"
#include "pipe/VisitorEndpoint.h"

#include <map>
#include <memory>
#include <vector>

namespace connector {

/// A pipe that listens for local programs and joins each to a waiting slot: the side of a private mapping
/// where the dialling program is.
class ListeningPipe final : public AgentPipe, private VisitorEndpoint::Owner, private Opening::Owner {
  public:
    /// Listens at once; throws std::runtime_error when it can't.
    ListeningPipe(PipeEnvironment& environment, const AgentPipeSettings& settings, Protocol protocol,
                  const Poco::Net::Context::Ptr& tls);

  private:
    using Listeners = std::vector<std::unique_ptr<Listener>>;

    static Listeners listen(const AgentPipeSettings& settings, int backlog);

    void startLocal() override;
    void closeLocal() override;
    void onAvailable(Slot& slot) override;
    void onPayload(Slot& slot) override;
    void onUnavailable(Slot& slot) override;
    void onVisitorReady() override;
    bool hasPartner() const override { return !_waiting.empty(); }
    void onOpened(Opening& opening) override;
    void onRefused(Opening& opening, const std::string& reason) override;
    void onAgentLost(Opening& opening, const std::string& why) override;
    void onCrossed(Opening& opening) override;
    void beginAvailable();
    bool beginNext();
    void begin(Slot& slot, RelayEnd client);
    void logCalled();
    Slot& forget(Opening& opening);

    VisitorAccess _access;
    VisitorEndpoint _clients;
    Listeners _listeners;
    std::vector<Slot*> _waiting; ///< authorized last at the back
    bool _isBeginning = false;
    std::map<std::shared_ptr<Opening>, Slot*> _openings;
    LimitedLog _oddities;
};

} // namespace connector
