#pragma once

#include <Poco/Net/HTTPServer.h>
#include <Poco/Net/WebSocket.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace connector::test {

/// The local API of ioFog's agent on a node, played by the test for one container: its configuration, its
/// control socket and its message socket.
class LocalApiServer {
  public:
    static constexpr const char* kContainer = "container-of-the-test";

    /// Serves at once.
    LocalApiServer();
    ~LocalApiServer();
    LocalApiServer(const LocalApiServer&) = delete;
    LocalApiServer& operator=(const LocalApiServer&) = delete;

    /// "127.0.0.1:PORT"; the same after a restart.
    std::string address() const;

    /// Breaks all connections and listens no more; and the reverse.
    void stop();
    void start();

    /// What it answers from now on; there is none at first.
    void setConfiguration(const std::string& json);
    /// The same, and tells the container. Returns when that has acknowledged it.
    void changeConfiguration(const std::string& json);
    /// Tells the container to fetch it, which it must acknowledge, too.
    void signalConfiguration();

    void waitForReads(int atLeast) const;
    int reads() const;

    void waitForMessageSocket() const;
    void waitForNoMessageSocket() const;
    /// Sends an ioMessage from the bus, when the container has a message socket.
    void send(const std::string& message);
    /// How many the container has acknowledged.
    int acknowledged() const;
    /// The ioMessages that have come from the container, as many as that at least.
    std::vector<std::string> waitForMessages(std::size_t atLeast) const;

  private:
    class Factory;
    class Handler;
    struct State;

    std::uint16_t _port;
    std::shared_ptr<State> _state;
    std::unique_ptr<Poco::Net::HTTPServer> _server;
};

} // namespace connector::test
