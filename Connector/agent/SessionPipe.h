#pragma once

#include "agent/AgentPipe.h"
#include "pipe/Pipe2Connections.h"

#include <memory>
#include <vector>

namespace connector {

/// A pipe that speaks PIPE/2: it holds a few connections to Connector, and each conversation is a stream on
/// one of them. Which side opens streams, and what they are joined to, is what the kinds of pipes differ in.
class SessionPipe : public AgentPipe, private Pipe2Connection::Owner {
  public:
    ~SessionPipe() override;

  protected:
    /// role: this side's. For the others see AgentPipe.
    SessionPipe(PipeEnvironment& environment, const AgentPipeSettings& settings, Http2Session::Role role,
                const Poco::Net::Context::Ptr& tls);

    Pipe2Connections& connections() { return _connections; }
    const Pipe2Connections& connections() const { return _connections; }

  private:
    class Slot;

    /// The peer has opened a stream. On the connection's loop.
    void onStream(Pipe2Connection& connection, std::unique_ptr<Http2Stream> stream,
                  const ConnectRequest& request) override = 0;
    /// Streams can be opened, on a connection that is new or was not usable. On the pipe's loop.
    virtual void onAvailable() = 0;

    void startConnections() override;
    void hurryConnections() override;
    void drainConnections() override;
    void abortConnections() override;
    void onUsable(Pipe2Connection&) override { onAvailable(); }
    void onGoingAway(Pipe2Connection& connection) override;
    void onManyStreams(Pipe2Connection& connection) override;
    void onEnded(Pipe2Connection& connection, const std::string& why) override;
    void onAuthorized(Slot& slot, std::unique_ptr<SocketStream> stream, std::span<const std::byte> received);
    void onNotAuthorized(Slot& slot, const std::string& why);
    void hold(std::size_t connections);
    Slot* slotOf(const Pipe2Connection& connection);

    const Http2Session::Role _role;
    const AgentPipeSettings _settings;
    Authorization _authorization; ///< the last that Connector has said
    Pipe2Connections _connections;
    std::vector<std::unique_ptr<Slot>> _slots;
};

} // namespace connector
