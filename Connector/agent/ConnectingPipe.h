#pragma once

#include "agent/SlotPipe.h"

#include <map>
#include <memory>
#include <string>

namespace connector {

/// A pipe of PIPE/1 that connects to a target when payload comes: all of public mappings, and the side of a
/// private one where the serving program is. ServingPipe does the same in PIPE/2.
class ConnectingPipe final : public SlotPipe {
  public:
    ConnectingPipe(PipeEnvironment& environment, const AgentPipeSettings& settings,
                   const Poco::Net::Context::Ptr& tls);
    ~ConnectingPipe() override;

  private:
    class Call;

    void startLocal() override {}
    void stopLocal() override;
    void onAvailable(Slot&) override {}
    void onPayload(Slot& slot) override;
    void onUnavailable(Slot& slot) override;
    void onConnected(Slot& slot, std::unique_ptr<Stream> stream);
    void onFailed(Slot& slot, const std::string& why);
    void drop(Slot& slot);

    Remote _target;
    const ProxyProtocol _proxyProtocol;
    std::map<Slot*, std::unique_ptr<Call>> _calls; ///< the slots that wait for the target
};

} // namespace connector
