#include "agent/Dialer.h"

#include "base/PeerAddress.h"

#include <algorithm>
#include <system_error>

namespace connector {

namespace {

constexpr const char* kTooLate = "not connected in time";

} // namespace

Dialer::Dialer(EventLoop& loop, Resolver& resolver, Owner& owner)
    : _loop(loop), _resolver(resolver), _owner(owner), _timer(loop, [this] { onTimer(); }) {}

Dialer::~Dialer() {
    cancel();
}

void Dialer::dial(const Remote& remote, std::chrono::milliseconds limit) {
    _remote = &remote;
    _deadline = _loop.now() + limit;
    _place = _remote->proxy() ? "proxy " + _remote->proxy()->name() : _remote->name();
    _why = _place + ": its address was not found in time";
    _timer.start(limit);
    _resolver.resolve(_remote->nextHost(), _remote->nextPort(), *this);
}

void Dialer::cancel() {
    _timer.cancel();
    _resolver.cancel(*this);
    dropTunnel();
    dropStream();
}

void Dialer::onResolved(const Resolver::Answer& answer) {
    _why = _place + ": " + answer.failure;
    _left = answer.addresses;
    _remote->order(_left);
    std::reverse(_left.begin(), _left.end());
    tryNext();
}

void Dialer::tryNext() {
    while (!_left.empty())
        if (startNext()) return;
    fail();
}

/// Each address gets its share of the time, so that a dead one does not use up that of the others.
bool Dialer::startNext() {
    const auto address = _left.back();
    const auto share = (_deadline - _loop.now()) / static_cast<int>(_left.size());
    _left.pop_back();
    _place = (_remote->proxy() ? "proxy " : "") + inWords(address);
    _why = _place + ": " + kTooLate;
    _timer.start(std::chrono::ceil<std::chrono::milliseconds>(share));
    return connectTo(address);
}

bool Dialer::connectTo(const Poco::Net::SocketAddress& address) {
    try {
        auto stream = _remote->connectTo(address);
        if (!_remote->proxy()) return use(std::move(stream));
        _tunnel = std::make_unique<ProxyTunnel>(_loop, std::move(stream), *_remote->proxy(), _remote->name(),
                                                static_cast<ProxyTunnel::Owner&>(*this));
        _tunnel->start();
        return true;
    } catch (const std::system_error& error) {
        _why = _place + ": " + error.code().message();
        return false;
    }
}

/// The rest of the handshake follows with its events.
bool Dialer::use(std::unique_ptr<SocketStream> stream) {
    _stream = std::move(stream);
    if (_stream->attach(_loop, *this)) return true;
    _why = _place + ": " + _stream->failure();
    dropStream();
    return false;
}

void Dialer::onTunnel(Descriptor socket, const Poco::Net::SocketAddress& proxy) {
    dropTunnel();
    _place = _remote->name() + " through the " + _place;
    _why = _place + ": " + kTooLate;
    try {
        if (use(_remote->connectThrough(std::move(socket), proxy))) return;
    } catch (const std::system_error& error) {
        _why = _place + ": " + error.code().message();
    }
    tryNext();
}

void Dialer::onTunnelFailed(const std::string& why) {
    _why = _place + ": " + why;
    dropTunnel();
    tryNext();
}

/// Another address of the proxy would say the same.
void Dialer::onTunnelRefused(const std::string& why) {
    _why = _place + " does not connect to " + _remote->name() + ": " + why;
    fail();
}

void Dialer::onReady(Stream&) {
    const auto status = _stream->handshake();
    if (status == Stream::Status::Blocked) return;
    if (status == Stream::Status::Ok) {
        _timer.cancel();
        return _owner.onDialled(std::move(_stream));
    }
    const auto reason = status == Stream::Status::Ended ? "it closed the connection" : _stream->failure();
    _why = _place + ": " + reason;
    dropStream();
    tryNext();
}

void Dialer::onTimer() {
    if (!_stream && !_tunnel) return fail();
    dropTunnel();
    dropStream();
    tryNext();
}

void Dialer::dropTunnel() {
    if (!_tunnel) return;
    _tunnel->stop();
    _loop.destroyLater(std::move(_tunnel)); // it may be the one that calls
}

void Dialer::dropStream() {
    if (!_stream) return;
    _stream->detach();
    _loop.destroyLater(std::move(_stream)); // it may be the one whose event this is
}

void Dialer::fail() {
    cancel();
    _owner.onDialFailed(_why);
}

} // namespace connector
