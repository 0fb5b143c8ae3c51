#include "agent/proxy/ProxyTunnel.h"

#include <array>
#include <string_view>

namespace connector {

namespace {

constexpr std::string_view kBeginning = "HTTP/";

} // namespace

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
    readHead();
}

/// Byte by byte, as what is behind the head is not for us. An interim answer is as if it had not come, but
/// for its length: there may be one behind the other.
void ProxyTunnel::readHead() {
    std::array<std::byte, 1> next{};
    while (!isComplete()) {
        const auto received = _stream->receive(next);
        if (received.status == Stream::Status::Blocked) return;
        if (received.status == Stream::Status::Failed) return fail(_stream->failure());
        if (received.status == Stream::Status::Ended)
            return fail("it closed the connection without an answer");
        _head += static_cast<char>(next.front());
        ++_received;
        if (_head.size() <= kBeginning.size() && !kBeginning.starts_with(_head))
            return fail("what answers is no HTTP proxy");
        if (isComplete() && HttpProxy::isInterim(_head)) _head.clear();
        if (_received >= kMaxHead && !isComplete())
            return fail("its answer is longer than " + std::to_string(kMaxHead) + " bytes");
    }
    judge();
}

/// Some end lines without CR.
bool ProxyTunnel::isComplete() const {
    return _head.ends_with("\n\r\n") || _head.ends_with("\n\n");
}

void ProxyTunnel::judge() {
    _stream->detach();
    const auto refusal = _proxy.refusalIn(_head);
    if (!refusal.empty()) return _owner.onTunnelRefused(refusal);
    _owner.onTunnel(_stream->release(), _stream->peer());
}

void ProxyTunnel::fail(const std::string& why) {
    _stream->detach();
    _owner.onTunnelFailed(why);
}

} // namespace connector
