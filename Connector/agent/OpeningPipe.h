#pragma once

#include "agent/LocalListeners.h"
#include "agent/SessionPipe.h"
#include "pipe/Openings.h"
#include "pipe/VisitorEndpoint.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace connector {

/// A pipe of PIPE/2 that listens for local programs and opens a stream for each: the side of a private
/// mapping where the dialling program is. ListeningPipe does the same in PIPE/1.
class OpeningPipe final : public SessionPipe, private VisitorEndpoint::Owner, private Openings::Owner {
  public:
    /// Listens at once; throws std::runtime_error when it can't. For the rest see AgentPipe.
    OpeningPipe(PipeEnvironment& environment, const AgentPipeSettings& settings,
                const Poco::Net::Context::Ptr& tls);

  private:
    void startLocal() override;
    void stopLocal() override;
    void onStream(Pipe2Connection&, std::unique_ptr<Http2Stream>, const ConnectRequest&) override {
    } // it opens
    void onAvailable() override { beginAvailable(); }
    void onVisitorReady() override { beginAvailable(); }
    bool hasPartner() const override;
    bool onNoPlace(const std::string&) override { return false; }
    void onRefused(RelayPeer opener, const Opening::Refusal& refusal) override;
    void onNotProcessed(RelayPeer opener, const std::string& why) override;
    void beginAvailable();
    bool beginNext();
    Pipe2Connection* bestConnection();
    bool hasRefusedSince(EventLoop::Clock::time_point then, const Pipe2Connection& connection) const;

    VisitorAccess _access;
    VisitorEndpoint _clients;
    std::vector<std::unique_ptr<Listener>> _listeners;
    Openings _openings;
    std::map<std::string, EventLoop::Clock::time_point> _refusedAt; ///< Connectors that had nobody
    bool _isBeginning = false;
};

} // namespace connector
