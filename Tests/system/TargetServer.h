#pragma once

#include <Poco/Net/HTTPServer.h>
#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/TCPServer.h>

#include <cstdint>
#include <string>

namespace connector::test {

/// A web server on a fog node: GET /n answers with page(n). A port of 0 takes any free one.
class WebServer {
  public:
    explicit WebServer(std::uint16_t port = 0);
    ~WebServer();

    std::uint16_t port() const { return _server.port(); }

    /// n bytes that differ from place to place.
    static std::string page(std::size_t size);

  private:
    Poco::Net::HTTPServer _server;
};

/// Something like sshd: it greets whoever connects, and answers each line with "you said: " and that line.
class LineServer {
  public:
    static constexpr const char* kGreeting = "LINES-1.0 server\n";

    LineServer();
    /// On a Unix socket.
    explicit LineServer(const std::string& path);
    ~LineServer();

    std::uint16_t port() const { return _server.port(); }

  private:
    Poco::Net::TCPServer _server;
};

} // namespace connector::test
