#include "agent/iofog/LocalSocket.h"

#include "agent/iofog/IoMessage.h"

#include <Poco/Buffer.h>
#include <Poco/Exception.h>
#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>

#include <sys/socket.h>

namespace connector {

namespace {

using Poco::Net::WebSocket;

constexpr int kPingFrame = int{WebSocket::FRAME_FLAG_FIN} | int{WebSocket::FRAME_OP_PING};
constexpr int kPongFrame = int{WebSocket::FRAME_FLAG_FIN} | int{WebSocket::FRAME_OP_PONG};

/// The API answers only a ping that holds this.
constexpr std::string_view kPing("\x09");

} // namespace

LocalSocket::LocalSocket(const LocalApi& api, const std::string& kind, Interruption& interruption)
    : _connection(api.connect(interruption)), _socket(open(api, kind, interruption)),
      _watch(interruption, _connection.impl()->sockfd()) {
    _socket.setMaxPayloadSize(static_cast<int>(kMaxIoMessage));
    _socket.setReceiveTimeout(0); // it may have nothing to say for days
}

WebSocket LocalSocket::open(const LocalApi& api, const std::string& kind, Interruption& interruption) {
    using Poco::Net::HTTPRequest;
    try {
        Poco::Net::HTTPClientSession session(_connection);
        // It must end before the session closes the socket, which it does when this fails.
        const Interruption::Watch watch(interruption, _connection.impl()->sockfd());
        HTTPRequest request(HTTPRequest::HTTP_GET, "/v2/" + kind + "/socket/id/" + api.containerId(),
                            HTTPRequest::HTTP_1_1);
        request.setHost(api.host(), api.port());
        Poco::Net::HTTPResponse response;
        return WebSocket(session, request, response);
    } catch (const Poco::Exception& error) {
        throw LocalApiError("the local API's " + kind + " socket at " + api.name() + ": " +
                            error.displayText());
    }
}

std::optional<std::string> LocalSocket::receive() {
    std::string message;
    for (;;) {
        Poco::Buffer<char> frame(0);
        int flags = 0;
        try {
            const auto size = _socket.receiveFrame(frame, flags);
            if (size == 0 && flags == 0) return std::nullopt;
        } catch (const Poco::TimeoutException&) {
            throw;
        } catch (const Poco::Exception& error) {
            throw LocalApiError(error.displayText());
        }
        _socket.setReceiveTimeout(0);
        const std::string_view payload(frame.begin(), frame.size());
        switch (flags & WebSocket::FRAME_OP_BITMASK) {
        case WebSocket::FRAME_OP_CLOSE:
            return std::nullopt;
        case WebSocket::FRAME_OP_PING:
            sendFrame(payload, kPongFrame);
            break;
        case WebSocket::FRAME_OP_PONG:
            break;
        default:
            message += payload;
            if (message.size() > kMaxIoMessage) throw LocalApiError("a message larger than any may be");
            if ((flags & WebSocket::FRAME_FLAG_FIN) != 0) return message;
        }
    }
}

void LocalSocket::send(std::string_view message) {
    sendFrame(message, WebSocket::FRAME_BINARY);
}

void LocalSocket::expectFrame() {
    sendFrame(kPing, kPingFrame);
    _socket.setReceiveTimeout(Poco::Timespan(kPatienceSeconds, 0));
}

void LocalSocket::breakOff() {
    ::shutdown(_connection.impl()->sockfd(), SHUT_RDWR);
}

void LocalSocket::sendFrame(std::string_view payload, int flags) {
    const std::lock_guard lock(_sending);
    try {
        _socket.sendFrame(payload.data(), static_cast<int>(payload.size()), flags);
    } catch (const Poco::Exception& error) {
        throw LocalApiError(error.displayText());
    }
}

} // namespace connector
