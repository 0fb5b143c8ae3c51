#include "pipe/Opening.h"

#include "base/PeerAddress.h"

#include <utility>

namespace connector {

namespace {

constexpr int kFirstError = 400;
constexpr int kBadGateway = 502;
constexpr int kUnavailable = 503;
constexpr int kTimeout = 504;

} // namespace

Opening::Opening(EventLoop& loop, std::chrono::milliseconds limit, RelayPeer opener,
                 std::unique_ptr<Http2Stream> stream, Keeper& keeper, Owner& owner)
    : _loop(loop), _limit(limit), _opener(std::move(opener)), _stream(std::move(stream)), _keeper(keeper),
      _owner(owner), _since(loop.now()), _timer(loop, [this] { onTimer(); }) {}

void Opening::start() {
    _timer.start(_limit);
    _stream->attach(_loop, *this);
    // Its end, or that it has broken, is for the relay to find out.
    if (!_opener.stream->attach(_loop, *this)) {
        finish();
        return _owner.onRefused(_loop, std::move(_opener),
                                {kUnavailable, "no room to watch another descriptor"});
    }
    takeFirstBytes();
    if (!_opener.held.empty()) _stream->send(_opener.held.bytes());
}

std::optional<ConnectionReport> Opening::report() const {
    using Kind = ConnectionReport::Kind;
    if (_opener.protocol == Protocol::Pipe2) return std::nullopt;
    return ConnectionReport{.kind = _opener.protocol == Protocol::Raw ? Kind::Visitor : Kind::Agent,
                            .tag = _opener.tag,
                            .side = _opener.side,
                            .address = inWords(_opener.stream->peer())};
}

void Opening::end(const std::string& why) {
    finish();
    _loop.destroyLater(std::move(_stream));
    _owner.onRefused(_loop, std::move(_opener), {kUnavailable, why});
}

/// Of an opener that is a stream itself: what has come with it.
void Opening::takeFirstBytes() {
    if (_opener.protocol != Protocol::Pipe2 || !_opener.held.empty()) return;
    const auto room = _loop.scratch().first(kMaxFirstBytes);
    _opener.held = Messages(room.first(_opener.stream->receive(room).bytes));
}

void Opening::onReady(Stream& stream) {
    if (_isOver || &stream != _stream.get()) return;
    const auto answer = _stream->answer();
    if (answer == Http2Stream::Answer::Awaited) return;
    finish();
    if (answer == Http2Stream::Answer::Accepted) {
        _opener.sentBefore = std::exchange(_opener.held, {}).bytes().size();
        return _owner.onOpened(_loop, std::move(_opener), std::move(_stream), _loop.now() - _since);
    }
    const auto reason = _stream->reason();
    const auto status = _stream->status() >= kFirstError ? _stream->status() : kBadGateway;
    _loop.destroyLater(std::move(_stream));
    if (answer == Http2Stream::Answer::Refused)
        return _owner.onRefused(_loop, std::move(_opener), {status, reason, _keeper.peerName()});
    _keeper.onNotProcessed();
    _owner.onNotProcessed(_loop, std::move(_opener), reason);
}

/// A peer of which nothing has come since may well be dead.
void Opening::onTimer() {
    finish();
    const auto why = "no answer within " + std::to_string(_limit.count()) + " ms";
    _loop.destroyLater(std::move(_stream));
    if (_keeper.wasHeardSince(_since)) return _owner.onRefused(_loop, std::move(_opener), {kTimeout, why});
    _keeper.onNoSign();
    _owner.onNotProcessed(_loop, std::move(_opener), why);
}

void Opening::finish() {
    _isOver = true;
    _timer.cancel();
    _opener.stream->detach();
    _stream->detach();
    _keeper.onOver(*this);
}

} // namespace connector
