#pragma once

#include "OpenPipe.h"

#include <array>
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

/// What OPEN brought.
struct Opened {
    std::string visitor;
    std::string firstBytes;
};

/// An agent that the test plays itself, word by word, in either protocol.
class TestAgent {
  public:
    /// Connects and is authorized.
    TestAgent(const OpenPipe& pipe, Side side, AgentProtocol protocol, const ConnectOptions& options = {});

    PipeClient& connection() { return _connection; }

    /// PIPE/2: reads OPEN and the first bytes behind it.
    Opened readOpen();

    /// PIPE/2: the same, and says OPENED.
    Opened acceptOpen();

    /// Begins a conversation with this payload.
    void begin(const std::string& payload);

    /// Reads Connector's answer to begin(), which PIPE/1 does not have.
    void awaitOpened();

    /// Takes part in a conversation that the other side has begun: returns its first bytes, so many.
    std::string takeCall(std::size_t size);

    /// Whether a heartbeat is answered, now and with nothing else before.
    bool answersBeat();

  private:
    AgentProtocol _protocol;
    PipeClient _connection;
};

/// Proves an agent of PIPE/2; returns the line that answers, without its end. Throws ConnectionLost.
std::string authorizePipe2(PipeClient& agent, const std::string& passcode);

/// The line that comes next, without its end. Throws ConnectionLost.
std::string readLine(PipeClient& client);

/// Sends the text in pieces of one byte, each a read of its own at Connector.
void sendByteByByte(PipeClient& client, const std::string& text);

} // namespace connector::test
