#pragma once

#include "agent/iofog/LocalApi.h"

#include <Poco/Net/WebSocket.h>

#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace connector {

/// One of the local API's WebSockets. One thread receives; any thread sends.
class LocalSocket {
  public:
    /// Connects to the container's socket of that kind, "control" or "message". What interrupts breaks the
    /// connection. Throws LocalApiError.
    LocalSocket(const LocalApi& api, const std::string& kind, Interruption& interruption);

    /// Waits for a message, and answers pings meanwhile. Nothing when the connection has ended. Throws
    /// LocalApiError when it has broken, and Poco::TimeoutException, after expectFrame().
    std::optional<std::string> receive();

    /// Waits until all of it is sent. Throws LocalApiError.
    void send(std::string_view message);

    /// Asks the API for a sign of life, which must come within kPatience: else receive() throws.
    void expectFrame();

    static constexpr int kPatienceSeconds = 10;

    /// Breaks the connection: receive() ends. Any thread.
    void breakOff();

  private:
    Poco::Net::WebSocket open(const LocalApi& api, const std::string& kind, Interruption& interruption);
    void sendFrame(std::string_view payload, int flags);

    Poco::Net::StreamSocket _connection;
    Poco::Net::WebSocket _socket;
    Interruption::Watch _watch; ///< ends before the socket is closed
    std::mutex _sending;
};

} // namespace connector
