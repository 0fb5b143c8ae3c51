#pragma once

#include "PipeClient.h"

#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/StreamSocket.h>

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>

namespace connector::test {

/// The program that a real agent connects to, played by the test.
class TestTarget {
  public:
    enum class State {
        Up,
        Down, ///< its port is taken, and connections to it are refused
    };

    explicit TestTarget(State state = State::Up, const std::string& host = "127.0.0.1");

    /// Accepts connections from now on.
    void start();

    std::uint16_t port() const { return _socket.address().port(); }

    /// The next connection. Throws TimedOut.
    PipeClient accept();

    /// Whether a connection has come, or comes within this time.
    bool waitForClient(std::chrono::milliseconds patience);

  private:
    Poco::Net::ServerSocket _socket;
};

/// A target that gives back whatever it gets, on any number of connections, until the client has sent all.
class EchoTarget {
  public:
    EchoTarget();
    ~EchoTarget();
    EchoTarget(const EchoTarget&) = delete;
    EchoTarget& operator=(const EchoTarget&) = delete;

    std::uint16_t port() const { return _target.port(); }

  private:
    void serve();
    void startCall();
    static void echo(PipeClient client);

    TestTarget _target;
    std::atomic<bool> _isOver{false};
    std::atomic<int> _calls{0};
    std::thread _server;
};

} // namespace connector::test
