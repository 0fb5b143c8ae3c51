#include "agent/proxy/ProxyTunnel.h"

#include <array>

namespace connector {

ProxyTunnel::ProxyTunnel(EventLoop& loop, std::unique_ptr<SocketStream> stream, const HttpProxy& proxy,
                         const std::string& target, Owner& owner)
    : _loop(loop), _stream(std::move(stream)), _proxy(proxy), _request(proxy.request(target)), _owner(owner) {
}

ProxyTunnel::~ProxyTunnel() = default;

void ProxyTunnel::start() {
    if (!_stream->attach(_loop, *this)) fail(_stream->failure());
}

void ProxyTunnel::onReady(Stream&) {
    if (!_isConnected) {
        const auto status = _stream->handshake();
        if (status == Stream::Status::Blocked) return;
        if (status != Stream::Status::Ok) return fail(_stream->failure());
        _isConnected = true;
        _stream->send(_request);
    }
    if (_stream->flush() == Stream::Status::Failed) return fail(_stream->failure());
    readAnswer();
}

void ProxyTunnel::readAnswer() {
    std::array<std::byte, 1> next{};
    while (!_answer.isComplete()) {
        const auto received = _stream->receive(next);
        if (received.status == Stream::Status::Blocked) return;
        if (received.status == Stream::Status::Failed) return fail(_stream->failure());
        if (received.status == Stream::Status::Ended) return fail(ProxyAnswer::kNone);
        const auto wrong = _answer.take(static_cast<char>(next.front()));
        if (!wrong.empty()) return fail(wrong);
    }
    judge();
}

void ProxyTunnel::judge() {
    _stream->detach();
    const auto refusal = _proxy.refusalIn(_answer.head());
    if (!refusal.empty()) return _owner.onTunnelRefused(refusal);
    _owner.onTunnel(_stream->release(), _stream->peer());
}

void ProxyTunnel::fail(const std::string& why) {
    _stream->detach();
    _owner.onTunnelFailed(why);
}

} // namespace connector
