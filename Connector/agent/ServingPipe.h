#pragma once

#include "agent/SessionPipe.h"
#include "agent/TargetCalls.h"

#include <map>
#include <memory>

namespace connector {

/// A pipe of PIPE/2 whose streams Connector opens and that go to a target: all of public mappings, and the
/// side of a private one where the serving program is. ConnectingPipe does the same in PIPE/1.
class ServingPipe final : public SessionPipe {
  public:
    /// See AgentPipe.
    ServingPipe(PipeEnvironment& environment, const AgentPipeSettings& settings,
                const Poco::Net::Context::Ptr& tls, PipeWatcher* watcher);

  private:
    void startLocal() override {}
    void stopLocal() override {}
    void onAvailable() override {}
    void onStream(Pipe2Connection& connection, std::unique_ptr<Http2Stream> stream,
                  const ConnectRequest& request) override;

    std::map<const EventLoop*, std::unique_ptr<TargetCalls>> _calls; ///< of each loop; never changes
};

} // namespace connector
