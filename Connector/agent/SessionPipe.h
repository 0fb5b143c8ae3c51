#pragma once

#include "agent/AgentPipe.h"
#include "agent/ConnectorHosts.h"
#include "agent/ConnectorLink.h"
#include "pipe/Pipe2Connections.h"

#include <memory>
#include <vector>

namespace connector {

/// A pipe that speaks PIPE/2: it holds a few connections to each address of its hosts, and each conversation
/// is a stream on one of them. Which side opens streams, and what they are joined to, is what the kinds of
/// pipes differ in.
class SessionPipe : public AgentPipe,
                    private Pipe2Connection::Owner,
                    private ConnectorHosts::Owner,
                    private ConnectorLink::Owner {
  public:
    ~SessionPipe() override;

    bool canChangeHosts() const override { return true; }

  protected:
    /// role: this side's. For the others see AgentPipe.
    SessionPipe(PipeEnvironment& environment, const AgentPipeSettings& settings, Http2Session::Role role,
                const Poco::Net::Context::Ptr& tls, PipeWatcher* watcher = nullptr);

    Pipe2Connections& connections() { return _connections; }
    const Pipe2Connections& connections() const { return _connections; }

  private:
    /// The peer has opened a stream. On the connection's loop.
    void onStream(Pipe2Connection& connection, std::unique_ptr<Http2Stream> stream,
                  const ConnectRequest& request) override = 0;
    /// Streams can be opened, on a connection that is new or was not usable. On the pipe's loop.
    virtual void onAvailable() = 0;

    void startConnections() override;
    void changeConnections(bool isNewTrust) override;
    void drainConnections() override;
    void abortConnections() override;
    void onAddresses(const ConnectorAddresses& addresses) override;
    std::shared_ptr<Pipe2Connection> makeConnection(const ConnectorLink& link,
                                                    const Authorization& authorization) override;
    bool isHeldElsewhere(const ConnectorLink& link, const std::string& instance) const override;
    bool isConnectedElsewhere(const ConnectorLink& link) const override;
    void onConnected() override;
    void onNotConnected(const ConnectorLink& link, const std::string& why) override;
    void onUsable(Pipe2Connection&) override { onAvailable(); }
    void onGoingAway(Pipe2Connection& connection) override;
    void onManyStreams(Pipe2Connection& connection) override;
    void onEnded(Pipe2Connection& connection, const std::string& why) override;
    void onConnectionsChanged();
    bool isWanted(const ConnectorLink& link) const;
    void letOldOnesGo();

    const Http2Session::Role _role;
    Pipe2Connections _connections; ///< of all links, and of some that have gone
    ConnectorHosts _hosts;
    const ConnectorLink::Shared _shared;
    ConnectorAddresses _addresses;                      ///< that it should be connected to
    std::vector<std::unique_ptr<ConnectorLink>> _links; ///< one for each of them, and for some that are to go
};

} // namespace connector
