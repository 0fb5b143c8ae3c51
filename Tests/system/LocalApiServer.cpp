#include "LocalApiServer.h"

#include "IoMessages.h"
#include "Waiting.h"

#include <Poco/Buffer.h>
#include <Poco/Exception.h>
#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>
#include <Poco/Net/HTTPRequestHandler.h>
#include <Poco/Net/HTTPRequestHandlerFactory.h>
#include <Poco/Net/HTTPServerRequest.h>
#include <Poco/Net/HTTPServerResponse.h>
#include <Poco/Net/ServerSocket.h>
#include <Poco/StreamCopier.h>

#include <optional>
#include <sys/socket.h>

namespace connector::test {

namespace {

using Poco::Net::WebSocket;

constexpr char kAck = 0x0B;
constexpr char kNewConfiguration = 0x0C;
constexpr char kMessage = 0x0D;
constexpr char kReceipt = 0x0E;
constexpr std::size_t kHeader = 5;

/// "control", "message", or neither.
std::string kindOf(const std::string& uri) {
    for (const std::string kind : {"control", "message"})
        if (uri == "/v2/" + kind + "/socket/id/" + LocalApiServer::kContainer) return kind;
    return "";
}

} // namespace

/// What the handlers, each on a thread of its own, and the test share.
struct LocalApiServer::State {
    mutable std::mutex mutex;
    std::optional<std::string> configuration;
    int reads = 0;
    int controlAcks = 0;
    int messageAcks = 0;
    std::vector<std::string> messages;
    WebSocket* control = nullptr;
    WebSocket* message = nullptr;

    template <typename Value>
    Value get(Value State::*member) const {
        const std::lock_guard lock(mutex);
        return this->*member;
    }

    WebSocket*& socket(const std::string& kind) { return kind == "control" ? control : message; }

    /// Throws TimedOut when the container doesn't connect.
    void send(const std::string& kind, const std::string& frame) {
        waitUntil("the container's " + kind + " socket", [&] {
            const std::lock_guard lock(mutex);
            return socket(kind) != nullptr;
        });
        const std::lock_guard lock(mutex);
        if (!socket(kind)) throw std::runtime_error("the container has left its " + kind + " socket");
        socket(kind)->sendFrame(frame.data(), static_cast<int>(frame.size()), WebSocket::FRAME_BINARY);
    }

    void receive(const std::string& kind, const std::string& frame) {
        const std::lock_guard lock(mutex);
        if (frame.front() == kAck && kind == "control") ++controlAcks;
        if (frame.front() == kAck && kind == "message") ++messageAcks;
        if (frame.front() != kMessage) return;
        messages.push_back(frame.substr(kHeader));
        --messageAcks; // that of the receipt
        const auto receipt = std::string(1, kReceipt) + "\x02\x08" + "id" + std::string(8, '\x01');
        message->sendFrame(receipt.data(), static_cast<int>(receipt.size()), WebSocket::FRAME_BINARY);
    }
};

class LocalApiServer::Handler : public Poco::Net::HTTPRequestHandler {
  public:
    explicit Handler(std::shared_ptr<State> state) : _state(std::move(state)) {}

    void handleRequest(Poco::Net::HTTPServerRequest& request,
                       Poco::Net::HTTPServerResponse& response) override {
        const auto kind = kindOf(request.getURI());
        if (!kind.empty()) return serveSocket(kind, request, response);
        if (request.getMethod() == "POST" && request.getURI() == "/v2/config/get" &&
            request.getContentType() == "application/json")
            return answerConfiguration(request, response);
        response.setStatus(Poco::Net::HTTPResponse::HTTP_NOT_FOUND);
        response.send();
    }

  private:
    void answerConfiguration(Poco::Net::HTTPServerRequest& request, Poco::Net::HTTPServerResponse& response) {
        std::string body;
        Poco::StreamCopier::copyToString(request.stream(), body);
        const auto id = Poco::JSON::Parser().parse(body).extract<Poco::JSON::Object::Ptr>()->get("id");
        const std::lock_guard lock(_state->mutex);
        if (id != kContainer || !_state->configuration) {
            response.setStatus(Poco::Net::HTTPResponse::HTTP_BAD_REQUEST);
            response.send();
            return;
        }
        ++_state->reads;
        Poco::JSON::Object answer;
        answer.set("status", "okay");
        answer.set("config", *_state->configuration);
        answer.stringify(response.send());
    }

    void serveSocket(const std::string& kind, Poco::Net::HTTPServerRequest& request,
                     Poco::Net::HTTPServerResponse& response) {
        WebSocket socket(request, response);
        socket.setReceiveTimeout(0);
        use(kind, &socket);
        try {
            for (;;) {
                Poco::Buffer<char> frame(0);
                int flags = 0;
                if (socket.receiveFrame(frame, flags) <= 0) break;
                _state->receive(kind, {frame.begin(), frame.size()});
            }
        } catch (const Poco::Exception&) { // the container has gone
        }
        use(kind, nullptr);
    }

    void use(const std::string& kind, WebSocket* socket) {
        const std::lock_guard lock(_state->mutex);
        _state->socket(kind) = socket;
    }

    std::shared_ptr<State> _state;
};

class LocalApiServer::Factory : public Poco::Net::HTTPRequestHandlerFactory {
  public:
    explicit Factory(std::shared_ptr<State> state) : _state(std::move(state)) {}

    Poco::Net::HTTPRequestHandler* createRequestHandler(const Poco::Net::HTTPServerRequest&) override {
        return new Handler(_state);
    }

  private:
    std::shared_ptr<State> _state;
};

LocalApiServer::LocalApiServer() : _port(0), _state(std::make_shared<State>()) {
    start();
}

LocalApiServer::~LocalApiServer() {
    stop();
}

std::string LocalApiServer::address() const {
    return "127.0.0.1:" + std::to_string(_port);
}

void LocalApiServer::start() {
    const Poco::Net::ServerSocket socket(Poco::Net::SocketAddress("127.0.0.1", _port));
    _port = socket.address().port();
    _server =
        std::make_unique<Poco::Net::HTTPServer>(new Factory(_state), socket, new Poco::Net::HTTPServerParams);
    _server->start();
}

void LocalApiServer::stop() {
    if (!_server) return;
    _server->stopAll(true);
    const auto breakOff = [&](WebSocket* socket) {
        if (socket) ::shutdown(socket->impl()->sockfd(), SHUT_RDWR);
    };
    waitUntil("the local API's connections end", [&] {
        const std::lock_guard lock(_state->mutex);
        breakOff(_state->control);
        breakOff(_state->message);
        return !_state->control && !_state->message && _server->currentConnections() == 0;
    });
    _server.reset();
}

void LocalApiServer::setConfiguration(const std::string& json) {
    const std::lock_guard lock(_state->mutex);
    _state->configuration = json;
}

void LocalApiServer::changeConfiguration(const std::string& json) {
    setConfiguration(json);
    signalConfiguration();
}

void LocalApiServer::signalConfiguration() {
    const auto before = _state->get(&State::controlAcks);
    _state->send("control", std::string(1, kNewConfiguration));
    waitUntil("the configuration is acknowledged",
              [&] { return _state->get(&State::controlAcks) == before + 1; });
}

int LocalApiServer::reads() const {
    return _state->get(&State::reads);
}

void LocalApiServer::waitForReads(int atLeast) const {
    waitUntil("the configuration is read", [&] { return reads() >= atLeast; });
}

void LocalApiServer::waitForMessageSocket() const {
    waitUntil("the message socket", [&] { return _state->get(&State::message) != nullptr; });
}

void LocalApiServer::waitForNoMessageSocket() const {
    waitUntil("the message socket is closed", [&] { return _state->get(&State::message) == nullptr; });
}

void LocalApiServer::send(const std::string& message) {
    _state->send("message", framed(message));
}

int LocalApiServer::acknowledged() const {
    return _state->get(&State::messageAcks);
}

std::vector<std::string> LocalApiServer::waitForMessages(std::size_t atLeast) const {
    waitUntil(std::to_string(atLeast) + " messages on the bus",
              [&] { return _state->get(&State::messages).size() >= atLeast; });
    return _state->get(&State::messages);
}

} // namespace connector::test
