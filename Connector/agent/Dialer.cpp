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
    _why = _remote->name() + ": its address was not found in time";
    _timer.start(limit);
    _resolver.resolve(_remote->host(), _remote->port(), *this);
}

void Dialer::cancel() {
    _timer.cancel();
    _resolver.cancel(*this);
    dropStream();
}

void Dialer::onResolved(const Resolver::Answer& answer) {
    _why = _remote->name() + ": " + answer.failure;
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
    try {
        _stream = _remote->connectTo(address);
    } catch (const std::system_error& error) {
        _why = error.what();
        return false;
    }
    _why = inWords(address) + ": " + kTooLate;
    _timer.start(std::chrono::ceil<std::chrono::milliseconds>(share));
    if (_stream->attach(_loop, *this)) return true;
    _why = inWords(address) + ": " + _stream->failure();
    dropStream();
    return false;
}

void Dialer::onReady(Stream&) {
    const auto status = _stream->handshake();
    if (status == Stream::Status::Blocked) return;
    if (status == Stream::Status::Ok) {
        _timer.cancel();
        return _owner.onDialled(std::move(_stream));
    }
    const auto reason = status == Stream::Status::Ended ? "it closed the connection" : _stream->failure();
    _why = inWords(_stream->peer()) + ": " + reason;
    dropStream();
    tryNext();
}

void Dialer::onTimer() {
    if (!_stream) return fail();
    dropStream();
    tryNext();
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
