#include "TargetServer.h"

#include "RandomStream.h"

#include <Poco/Net/HTTPRequestHandler.h>
#include <Poco/Net/HTTPRequestHandlerFactory.h>
#include <Poco/Net/HTTPServerRequest.h>
#include <Poco/Net/HTTPServerResponse.h>
#include <Poco/Net/SocketStream.h>
#include <Poco/Net/TCPServerConnection.h>
#include <Poco/Net/TCPServerConnectionFactory.h>

namespace connector::test {

namespace {

Poco::Net::ServerSocket listenOn(std::uint16_t port) {
    return Poco::Net::ServerSocket(Poco::Net::SocketAddress("127.0.0.1", port));
}

class PageHandler : public Poco::Net::HTTPRequestHandler {
  public:
    void handleRequest(Poco::Net::HTTPServerRequest& request,
                       Poco::Net::HTTPServerResponse& response) override {
        const auto page = WebServer::page(std::stoul(request.getURI().substr(1)));
        response.sendBuffer(page.data(), page.size());
    }
};

class PageHandlerFactory : public Poco::Net::HTTPRequestHandlerFactory {
  public:
    Poco::Net::HTTPRequestHandler* createRequestHandler(const Poco::Net::HTTPServerRequest&) override {
        return new PageHandler;
    }
};

class LineConnection : public Poco::Net::TCPServerConnection {
  public:
    using TCPServerConnection::TCPServerConnection;

    void run() override {
        Poco::Net::SocketStream stream(socket());
        stream << LineServer::kGreeting << std::flush;
        for (std::string line; std::getline(stream, line);)
            stream << "you said: " << line << '\n' << std::flush;
    }
};

} // namespace

WebServer::WebServer(std::uint16_t port)
    : _server(new PageHandlerFactory, listenOn(port), new Poco::Net::HTTPServerParams) {
    _server.start();
}

WebServer::~WebServer() {
    _server.stopAll(true);
}

std::string WebServer::page(std::size_t size) {
    return randomBytes(size, size);
}

LineServer::LineServer()
    : _server(new Poco::Net::TCPServerConnectionFactoryImpl<LineConnection>, listenOn(0)) {
    _server.start();
}

LineServer::LineServer(const std::string& path)
    : _server(new Poco::Net::TCPServerConnectionFactoryImpl<LineConnection>,
              Poco::Net::ServerSocket(Poco::Net::SocketAddress(Poco::Net::SocketAddress::UNIX_LOCAL, path))) {
    _server.start();
}

LineServer::~LineServer() {
    _server.stop();
}

} // namespace connector::test
