#include "pipe/Handshake.h"

namespace connector {

Handshake::Handshake(EventLoop& home, EventLoops& loops, std::unique_ptr<SocketStream> stream, Owner& owner,
                     Lifeline::Hold hold)
    : _hold(std::move(hold)), _home(home), _loop(stream->hasHandshake() ? loops.leastBusy(home, 0) : home),
      _peer(stream->peer()), _stream(std::move(stream)), _owner(owner) {}

void Handshake::start() {
    _loop.addLoad(1); // at once: many may come before the loop has begun with the first
    if (&_loop == &_home) return startInLoop();
    _loop.post([self = shared_from_this()] { self->startInLoop(); });
}

void Handshake::cancel() {
    _isCancelled = true;
    _loop.post([self = shared_from_this()] {
        if (!std::exchange(self->_isRunning, false)) return;
        self->_loop.addLoad(-1);
        self->_stream->retire();
        self->_loop.destroyLater(std::move(self->_stream));
    });
}

void Handshake::startInLoop() {
    _isRunning = true;
    if (_stream->attach(_loop, *this))
        onReady(*_stream);
    else
        finish("no room to watch another descriptor");
}

void Handshake::onReady(Stream&) {
    const auto status = _stream->handshake();
    if (status == Stream::Status::Blocked) return;
    finish(status == Stream::Status::Ok ? "" : _stream->failure());
}

/// failure: "" when it is done.
void Handshake::finish(const std::string& failure) {
    _isRunning = false;
    _loop.addLoad(-1);
    if (&_loop == &_home) return tell(failure);
    _stream->detach();
    _home.post([self = shared_from_this(), failure] { self->tell(failure); });
}

void Handshake::tell(const std::string& failure) {
    const auto self = shared_from_this(); // the owner may let go
    if (_isCancelled || !failure.empty()) {
        _stream->retire();
        _home.destroyLater(std::move(_stream));
    }
    if (_isCancelled) return;
    if (failure.empty())
        _owner.onShaken(std::move(_stream));
    else
        _owner.onNotShaken(failure);
}

} // namespace connector
