#pragma once

#include "OpenPipe.h"
#include "PipeClient.h"
#include "TestAgent.h"

#include <ostream>
#include <string>

namespace connector::test {

/// One connection of ioFog's own networking container in private mode, as the two lines of it behave: both go
/// by what one read has returned.
class StockAgent {
  public:
    enum class Line {
        Develop, ///< acknowledges messages, and wants its own acknowledged
        NoAck,   ///< knows nothing of it: ACK is the beginning of a message
    };

    /// Connects and is authorized.
    StockAgent(const OpenPipe& pipe, Side side, Line line, const ConnectOptions& options = {});

    PipeClient& connection() { return _connection; }

    /// Sends a message, and reads the acknowledgement where there is one.
    void send(const std::string& message);

    /// Sends it without waiting for anything.
    void sendOnly(const std::string& message);

    /// The next message that it can decode, and acknowledges what must be.
    std::string receive();

    /// What comes up to the next TXEND, neither decoded nor acknowledged.
    std::string receiveOnly();

  private:
    std::string nextRead();

    const Line _line;
    PipeClient _connection;
};

std::ostream& operator<<(std::ostream& out, StockAgent::Line line);

} // namespace connector::test
