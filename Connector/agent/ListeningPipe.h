#pragma once

#include "agent/LocalListeners.h"
#include "agent/SlotPipe.h"
#include "pipe/VisitorEndpoint.h"

#include <memory>
#include <vector>

namespace connector {

/// A pipe of PIPE/1 that listens for local programs and joins each to a waiting slot: the side of a private
/// mapping where the dialling program is. OpeningPipe does the same in PIPE/2.
class ListeningPipe final : public SlotPipe, private VisitorEndpoint::Owner {
  public:
    /// Listens at once; throws std::runtime_error when it can't. For the rest see AgentPipe.
    ListeningPipe(PipeEnvironment& environment, const AgentPipeSettings& settings,
                  const Poco::Net::Context::Ptr& tls);

  private:
    void startLocal() override;
    void stopLocal() override;
    void onAvailable(Slot& slot) override;
    void onPayload(Slot& slot) override;
    void onUnavailable(Slot& slot) override;
    void onVisitorReady() override;
    bool hasPartner() const override { return !_waiting.empty(); }
    bool onNoPlace(const std::string&) override { return false; }
    void beginAvailable();

    VisitorAccess _access;
    VisitorEndpoint _clients;
    std::vector<std::unique_ptr<Listener>> _listeners;
    std::vector<Slot*> _waiting; ///< authorized last at the back
};

} // namespace connector
