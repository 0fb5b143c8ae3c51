#include "http/RequestSocket.h"

#include <Poco/Net/HTTPServerRequestImpl.h>
#include <Poco/Net/StreamSocket.h>

#include <algorithm>
#include <utility>

namespace connector {

namespace {

/// POCO asks whether there is a descriptor. Nothing is done with it: whatever HTTPServer calls of a socket is
/// overridden here.
constexpr poco_socket_t kAnyDescriptor = 0;

} // namespace

RequestSocket::RequestSocket(ClientRequest request, std::unique_ptr<AnswerReceiver> receiver)
    : StreamSocketImpl(kAnyDescriptor), _request(std::move(request)), _receiver(std::move(receiver)) {}

RequestSocket::~RequestSocket() {
    reset(); // or POCO would close the descriptor
    deliver();
}

void RequestSocket::deliver() {
    const std::lock_guard lock(_delivering);
    if (const auto receiver = std::exchange(_receiver, nullptr)) receiver->onAnswered(std::move(_answer));
}

RequestSocket& RequestSocket::of(Poco::Net::HTTPServerRequest& request) {
    auto& read = dynamic_cast<Poco::Net::HTTPServerRequestImpl&>(request);
    return dynamic_cast<RequestSocket&>(*read.socket().impl());
}

int RequestSocket::sendBytes(const void* bytes, int size, int) {
    _answer.message.append(static_cast<const char*>(bytes), static_cast<std::size_t>(size));
    return size;
}

int RequestSocket::receiveBytes(void* into, int size, int) {
    const auto received =
        _request.message.copy(static_cast<char*>(into), static_cast<std::size_t>(size), _received);
    _received += received;
    return static_cast<int>(received);
}

bool RequestSocket::poll(const Poco::Timespan&, int) {
    return _received < _request.message.size();
}

/// POCO asks for it and does nothing with it.
Poco::Net::SocketAddress RequestSocket::address() {
    return {};
}

} // namespace connector
