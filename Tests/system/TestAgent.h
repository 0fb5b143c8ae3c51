#pragma once

#include "Http2Peer.h"
#include "OpenPipe.h"

#include <array>
#include <optional>
#include <ostream>
#include <string>

namespace connector::test {

/// What an agent speaks with Connector.
enum class AgentProtocol { Pipe1, Pipe2 };
inline constexpr std::array kProtocols{AgentProtocol::Pipe1, AgentProtocol::Pipe2};
std::ostream& operator<<(std::ostream& out, AgentProtocol protocol);

/// Which of a mapping's ports an agent dials.
enum class Side { Port1, Port2 };
inline constexpr std::array kSides{Side::Port1, Side::Port2};
std::ostream& operator<<(std::ostream& out, Side side);
Side opposite(Side side);

/// The key of the API's count of the agents that wait on this side of a private mapping.
std::string waitingKey(Side side);

std::uint16_t portOf(const OpenPipe& pipe, Side side);
const std::string& passcodeOf(const OpenPipe& pipe, Side side);

/// An agent of PIPE/2 that serves.
Http2Peer servingAgent(const OpenPipe& pipe, Side side = Side::Port1, const Http2Options& options = {},
                       const ConnectOptions& connect = {});

/// An agent of PIPE/2 that opens streams.
Http2Peer openingAgent(const OpenPipe& pipe, Side side, const Http2Options& options = {},
                       const ConnectOptions& connect = {});

/// An agent that the test plays itself, in either protocol, for one conversation.
class TestAgent {
  public:
    /// Connects and is authorized. role: what it does in PIPE/2; in PIPE/1 it may do both.
    TestAgent(const OpenPipe& pipe, Side side, AgentProtocol protocol, PipeRole role);

    /// Begins a conversation with this payload, for the visitor 192.0.2.7:51234.
    void begin(const std::string& payload);

    /// Waits for Connector's answer to begin(), which PIPE/1 does not have. Throws when it is not 200.
    void awaitOpened();

    /// Takes part in a conversation that the other side has begun: returns its first bytes, so many.
    std::string takeCall(std::size_t size);

    /// Its end of the conversation; in PIPE/1 of its connection.
    ByteChannel& channel();

    /// PIPE/1: the connection.
    PipeClient& connection() { return _connection.value(); }
    /// PIPE/2: the connection.
    Http2Peer& peer() { return _peer.value(); }

    std::uint16_t localPort() const;

  private:
    std::optional<PipeClient> _connection;
    std::optional<Http2Peer> _peer;
    std::optional<Http2Stream> _stream;
};

/// Sends the text in pieces of one byte, each a read of its own at Connector.
void sendByteByByte(PipeClient& client, const std::string& text);

} // namespace connector::test
