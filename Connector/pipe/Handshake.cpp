#include "pipe/Handshake.h"

#include "base/PeerAddress.h"

namespace connector {

Handshake::Handshake(EventLoop& home, Handshakes& all, std::unique_ptr<SocketStream> stream, Owner& owner,
                     Lifeline::Hold hold, bool isKnown)
    : _hold(std::move(hold)), _home(home), _all(all),
      _loop(stream->hasHandshake() ? all.leastBusy(home) : home), _turns(all.turnsOf(_loop)),
      _isTls(stream->hasHandshake()), _peer(stream->peer()), _stream(std::move(stream)), _owner(owner),
      _addressOwner(ownerOf(_peer.host())), _isKnown(isKnown) {}

void Handshake::start() {
    _loop.addLoad(1); // at once: many may come before the loop has begun with the first
    if (&_loop == &_home) return startInLoop();
    _loop.post([self = shared_from_this()] { self->startInLoop(); });
}

void Handshake::cancel() {
    _isCancelled = true;
    _loop.post([self = shared_from_this()] {
        if (!std::exchange(self->_isRunning, false)) return;
        if (self->_awaitsTurn) self->_turns.withdraw(*self, self->_addressOwner, self->_isKnown);
        self->_loop.addLoad(-1);
        self->count(HandshakeResult::Abandoned);
        self->_stream->detach();
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

/// Waiting for the other end takes no turn, computing does.
void Handshake::onReady(Stream&) {
    if (!_isTls) return onTurn();
    if (_awaitsTurn || (!_stream->hasUnread() && _stream->unsent() == 0)) return;
    _awaitsTurn = true;
    _turns.request(*this, _addressOwner, _isKnown);
}

void Handshake::onTurn() {
    _awaitsTurn = false;
    const auto status = _stream->handshake();
    if (status == Stream::Status::Blocked) return;
    finish(status == Stream::Status::Ok ? "" : _stream->failure());
}

/// failure: "" when it is done.
void Handshake::finish(const std::string& failure) {
    _isRunning = false;
    _loop.addLoad(-1);
    count(failure.empty() ? HandshakeResult::Done : HandshakeResult::Failed);
    if (&_loop == &_home) return tell(failure);
    _stream->detach();
    _home.post([self = shared_from_this(), failure] { self->tell(failure); });
}

void Handshake::count(HandshakeResult result) {
    if (_isTls) _all.counts().add(result);
}

void Handshake::tell(const std::string& failure) {
    const auto self = shared_from_this(); // the owner may let go
    if (_isCancelled || !failure.empty()) {
        _stream->detach();
        _home.destroyLater(std::move(_stream));
    }
    if (_isCancelled) return;
    if (failure.empty())
        _owner.onShaken(std::move(_stream));
    else
        _owner.onNotShaken(failure);
}

} // namespace connector
