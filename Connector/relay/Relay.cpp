#include "relay/Relay.h"

#include <Poco/Format.h>

#include <algorithm>
#include <tuple>

namespace connector {

namespace {

/// How often an ending relay looks at what the kernel still has to deliver; no event tells that.
constexpr std::chrono::milliseconds kLingerTick{100};

/// Of what is received at once for a stream of HTTP/2.
constexpr std::size_t kMostForStream = 128 * 1024;

/// A question and its answer end earlier; what goes on after so many turns repays the system calls that
/// moving it costs.
constexpr int kTurnsUntilSettled = 16;

} // namespace

Relay::Relay(EventLoop& loop, RelayShared& shared, PipeTraffic& traffic, RelayPeer first, RelayPeer second,
             Owner& owner)
    : _loop(&loop), _shared(shared), _traffic(traffic),
      _owner(owner), _sides{Side(*this, std::move(first)), Side(*this, std::move(second))},
      _halfCloses(_sides[0].peer.protocol != Protocol::Pipe1 && _sides[1].peer.protocol != Protocol::Pipe1),
      _keepsMessages(_sides[0].peer.protocol == Protocol::Pipe1 &&
                     _sides[1].peer.protocol == Protocol::Pipe1),
      _mayMove(_sides[0].peer.protocol != Protocol::Pipe2 && _sides[1].peer.protocol != Protocol::Pipe2) {
    _loop->addLoad(1);
    _lastByte.store(EventLoop::Clock::now(), std::memory_order_relaxed);
    for (std::size_t i = 0; i < _sides.size(); ++i)
        _traffic.bytes[i].fetch_add(_sides[i].bytes, std::memory_order_relaxed);
}

Relay::~Relay() = default;

void Relay::start() {
    _loop->assertInLoopThread();
    _started = _loop->now();
    if (!attach()) return;
    progress();
}

void Relay::moveTo(EventLoop& loop) {
    _loop->assertInLoopThread();
    for (auto& side : _sides) {
        if (side.heartbeat) side.beats = side.heartbeat->state();
        side.heartbeat.reset();
        side.peer.stream->detach();
    }
    giveBackTurns();
    _turn.reset();
    _idle.reset();
    _loop->addLoad(-1);
    _loop = &loop;
    _loop->addLoad(1);
    _loop->post([self = shared_from_this()] {
        if (self->attach()) self->progress();
    });
}

void Relay::onTrafficLimited(bool isOtherBandwidth) {
    _loop->assertInLoopThread();
    if (_state != State::Relaying) return;
    checkIdle();
    if (!isOtherBandwidth) return;
    for (auto& side : _sides)
        side.turn = {}; // void
    progress();
}

void Relay::leaveFor(const std::string& why) {
    _loop->assertInLoopThread();
    leave(why, nullptr);
    progress();
}

const Poco::Net::SocketAddress& Relay::peerOf(std::size_t side) const {
    return _sides[_sides[0].peer.side == side ? 0 : 1].address;
}

void Relay::abort(const std::string& why) {
    _loop->assertInLoopThread();
    if (_state == State::Ended) return;
    _aborted = true;
    leave(why, nullptr);
    for (auto& side : _sides)
        side.peer.stream->resetOnClose();
    end();
}

void Relay::probe() {
    _loop->assertInLoopThread();
    if (_state == State::Ended) return;
    for (auto& side : _sides)
        side.peer.stream->probe();
}

Relay::Totals Relay::totals() const {
    return {_sides[0].bytes, _sides[1].bytes,
            std::chrono::duration<double>(_lastProgress - _started).count()};
}

LogLine Relay::summary(const std::string& mapping) const {
    const auto seconds = totals().seconds;
    const auto& [first, second] = _sides;
    LogLine line(
        Poco::format("%s: relay of %s and %s ended: %s; ", mapping, first.name(), second.name(), _why) +
        Poco::format("%Lu and %Lu bytes from them, %.3f s", first.bytes, second.bytes, seconds));
    const bool isOfVisitor = second.peer.protocol == Protocol::Raw;
    return line.with("agent", inWords(first.address))
        .with(isOfVisitor ? "visitor" : "agent2", inWords(second.address))
        .with("bytesin", second.bytes)
        .with("bytesout", first.bytes)
        .withSeconds(seconds)
        .with("reason", _why);
}

bool Relay::has(std::uint64_t number) const {
    return std::any_of(_sides.begin(), _sides.end(),
                       [&](const Side& side) { return side.peer.tag.number == number; });
}

std::vector<ConnectionReport> Relay::reports() const {
    _loop->assertInLoopThread();
    std::vector<ConnectionReport> reports;
    if (_state == State::Ended) return reports;
    for (std::size_t i = 0; i < _sides.size(); ++i) {
        const auto& [side, other] = std::tie(_sides[i], _sides[1 - i]);
        if (side.peer.protocol == Protocol::Pipe2) continue;
        ConnectionReport report{.state = ConnectionReport::State::Relay,
                                .tag = side.peer.tag,
                                .side = side.peer.side,
                                .address = inWords(side.address),
                                .bytesIn = side.bytes,
                                .bytesOut = other.bytes};
        if (side.peer.protocol == Protocol::Raw) {
            report.kind = ConnectionReport::Kind::Visitor;
            report.agent = inWords(other.address);
        }
        reports.push_back(std::move(report));
    }
    return reports;
}

bool Relay::attach() {
    for (auto& side : _sides)
        if (!side.peer.stream->attach(*_loop, *this)) {
            abort("no room to watch another descriptor");
            return false;
        }
    _sides[0].peer.stream->deliversTo(*_sides[1].peer.stream);
    _sides[1].peer.stream->deliversTo(*_sides[0].peer.stream);
    for (auto& side : _sides)
        if (side.peer.heartbeat)
            side.heartbeat.emplace(*_loop, side).start(*side.peer.stream, *side.peer.heartbeat, side.beats);
    checkIdle();
    return true;
}

void Relay::checkIdle() {
    const auto most = _traffic.idle();
    if (_idle) _idle->cancel();
    if (_state != State::Relaying) return;
    // It may have moved away from the leaveFor() that was on its way.
    if (lastByte() == EventLoop::Clock::time_point::max())
        return leaveFor("its place was needed for another visitor");
    if (most.count() == 0) return;
    const bool waits =
        std::any_of(_sides.begin(), _sides.end(), [](const Side& side) { return side.turn.bytes > 0; });
    const auto left = waits ? most : lastByte() + most - _loop->now();
    if (left.count() <= 0) return leaveFor("it carried no byte for " + std::to_string(most.count()) + " ms");
    if (!_idle) _idle.emplace(*_loop, [this] { checkIdle(); });
    _idle->start(std::chrono::ceil<std::chrono::milliseconds>(left));
}

void Relay::onReady(Stream&) {
    progress();
    if (_state == State::Relaying && _mayMove && _turns < kTurnsUntilSettled &&
        ++_turns == kTurnsUntilSettled)
        _owner.onSettled(*this);
}

void Relay::progress() {
    _loop->assertInLoopThread();
    if (_state == State::Relaying) pump(_sides[0], _sides[1]);
    if (_state == State::Relaying) pump(_sides[1], _sides[0]);
    if (_state == State::Draining) drain();
}

void Relay::pump(Side& from, Side& to) {
    const auto flushed = to.peer.stream->flush();
    account(to);
    if (flushed == Stream::Status::Failed)
        return leave(to.peer.name + (" broke: " + to.peer.stream->failure()), &to);
    if (to.peer.stream->unsent() > 0) return; // backpressure: its source is not read
    if (from.hasEnded) return passTheEnd(from, to);

    if (!hasTurn(from)) return;
    const auto before = from.bytes;
    const auto status = forwardHeld(from, to) ? movePayload(from, to) : Stream::Status::Blocked;
    const auto received = static_cast<std::int64_t>(from.bytes - before);
    bandwidthOf(from).spend(received - static_cast<std::int64_t>(std::exchange(from.turn.bytes, 0)),
                            _loop->now());
    if (_state != State::Relaying) return;
    if (status == Stream::Status::Ok) {
        from.peer.stream->again();
    } else if (status == Stream::Status::Ended) {
        onEnded(from, to);
    } else if (status == Stream::Status::Failed) {
        leave(from.peer.name + (" broke: " + from.peer.stream->failure()), &from);
    }
}

/// What may not be received yet, as the pipe's bandwidth is used up, stays in the kernel or with the peer.
bool Relay::hasTurn(Side& from) {
    const auto now = _loop->now();
    if (from.turn.bytes == 0) {
        if (bandwidthOf(from).isFree(now)) return true;
        bookTurn(from);
    }
    if (bandwidthOf(from).hasBegun(from.turn, now)) return true;
    startTurnTimer();
    return false;
}

void Relay::bookTurn(Side& from) {
    from.turn = bandwidthOf(from).book(_loop->now());
    if (!_turn) _turn.emplace(*_loop, [this] { onTurn(); });
}

/// One timer is for both sides.
void Relay::startTurnTimer() {
    std::optional<EventLoop::Clock::time_point> next;
    for (const auto& side : _sides)
        if (side.turn.bytes > 0 && side.turn.begins > _loop->now() && (!next || side.turn.begins < *next))
            next = side.turn.begins;
    if (next) _turn->start(std::chrono::ceil<std::chrono::milliseconds>(*next - _loop->now()));
}

void Relay::onTurn() {
    startTurnTimer();
    progress();
}

void Relay::giveBackTurns() {
    if (_turn) _turn->cancel();
    for (auto& side : _sides)
        bandwidthOf(side).spend(-static_cast<std::int64_t>(std::exchange(side.turn.bytes, 0)), _loop->now());
}

Bandwidth& Relay::bandwidthOf(const Side& from) {
    return _traffic.bandwidth[static_cast<std::size_t>(&from - _sides.data())];
}

/// Bytes that are received for it at once. A stream takes turns with others: what it can't send at once would
/// only be copied.
std::size_t Relay::mostFor(const Side& to) const {
    const bool isStream = to.peer.protocol == Protocol::Pipe2;
    return isStream ? std::min(_shared.limits->buffer, kMostForStream) : _shared.limits->buffer;
}

/// What is in memory already needs no copy: forwards it until the other one keeps something of it. Ok: there
/// may be more of it.
Stream::Status Relay::moveReceived(Side& from, Side& to, std::size_t most) {
    auto& stream = *from.peer.stream;
    std::size_t moved = 0;
    for (auto bytes = stream.received(); !bytes.empty(); bytes = stream.received()) {
        forward(from, to, bytes, {});
        moved += bytes.size();
        stream.skip(bytes.size());
        if (_state != State::Relaying || to.peer.stream->unsent() > 0) return Stream::Status::Blocked;
        if (moved >= most) return Stream::Status::Ok;
    }
    return Stream::Status::Ended;
}

/// Its share of a round; returns what the last receive() has said.
Stream::Status Relay::movePayload(Side& from, Side& to) {
    const auto most = _shared.buffered.areTooMany() ? Stream::kMaxMessage : mostFor(to);
    const auto turn = std::max(bandwidthOf(from).turn(), Stream::kMaxMessage);
    const auto moved = moveReceived(from, to, turn);
    if (moved != Stream::Status::Ended) return moved;
    const auto room = _loop->scratch().first(std::min(turn, most));
    std::array<std::uint32_t, Stream::kMessagesPerTurn> lengths;
    std::size_t messages = 0;
    std::size_t filled = 0;
    auto status = Stream::Status::Ok;
    for (int i = 0; i < Stream::kMessagesPerTurn && filled + Stream::kMaxMessage <= room.size(); ++i) {
        const auto received = from.peer.stream->receive(room.subspan(filled));
        status = received.status;
        if (status != Stream::Status::Ok) break;
        if (from.heartbeat && from.heartbeat->absorb(room.subspan(filled, received.bytes))) continue;
        filled += received.bytes;
        lengths[messages++] = static_cast<std::uint32_t>(received.bytes);
    }
    forward(from, to, room.first(filled), std::span(lengths).first(messages));
    return status;
}

/// True when more may follow it.
bool Relay::forwardHeld(Side& from, Side& to) {
    if (from.peer.held.empty()) return true;
    const auto held = std::exchange(from.peer.held, {});
    forward(from, to, held.bytes(), held.lengths());
    return _state == State::Relaying && to.peer.stream->unsent() == 0;
}

/// What was received is delivered, also by a relay that ends before its turn.
void Relay::deliverHeld() {
    if (_aborted) return;
    forwardHeld(_sides[0], _sides[1]);
    forwardHeld(_sides[1], _sides[0]);
}

void Relay::forward(Side& from, Side& to, std::span<const std::byte> payload,
                    std::span<const std::uint32_t> messages) {
    if (payload.empty()) return;
    from.bytes += payload.size();
    _traffic.bytes[static_cast<std::size_t>(&from - _sides.data())].fetch_add(payload.size(),
                                                                              std::memory_order_relaxed);
    _lastByte.store(_loop->now(), std::memory_order_relaxed);
    if (to.heartbeat) to.heartbeat->payloadSent();
    const auto sent =
        _keepsMessages ? to.peer.stream->sendMessages(payload, messages) : to.peer.stream->send(payload);
    account(to);
    if (sent == Stream::Status::Failed) leave(to.peer.name + (" broke: " + to.peer.stream->failure()), &to);
}

void Relay::account(Side& side) {
    const auto kept = side.peer.stream->unsent();
    if (kept == side.accounted) return;
    if (kept < side.accounted) _lastByte.store(_loop->now(), std::memory_order_relaxed);
    _shared.buffered.add(kept - side.accounted); // which may be less than nothing: the sum wraps around
    side.accounted = kept;
}

void Relay::onEnded(Side& from, Side& to) {
    from.hasEnded = true;
    if (_halfCloses)
        passTheEnd(from, to);
    else
        leave(std::string(from.peer.name) + " closed", nullptr);
}

void Relay::passTheEnd(Side& from, Side& to) {
    if (!to.toldTheEnd && to.peer.stream->unsent() == 0) tellTheEnd(to);
    // Nobody reads from this end any more, so that only an event can tell.
    if (from.peer.stream->isBroken() && !from.toldTheEnd)
        leave(from.peer.name + std::string(" broke after it had closed its sending side"), &from);
    else if (from.isGone() && to.isGone())
        leave(std::string(to.peer.name) + " closed first, " + from.peer.name + " then", nullptr);
}

void Relay::onSilent(Side& side) {
    if (_state != State::Relaying) return;
    const auto& other = _sides[&side == &_sides[0] ? 1 : 0];
    if (other.peer.stream->unsent() > 0 || side.turn.bytes > 0) { // it is we who do not listen
        side.heartbeat->restart();
        return;
    }
    leave(std::string(side.peer.name) + " was silent past its threshold", &side);
    progress();
}

void Relay::leave(std::string why, Side* broken) {
    deliverHeld();
    if (_state != State::Relaying) return;
    _state = State::Draining;
    _why = std::move(why);
    giveBackTurns();
    if (_idle) _idle->cancel();
    for (auto& side : _sides) {
        if (side.heartbeat) side.heartbeat->stop();
        if (side.peer.onLeaving) side.peer.onLeaving(outcomeOf(side));
    }
    if (broken) {
        _broken = true;
        broken->peer.stream->resetOnClose();
        broken->toldTheEnd = broken->hasEnded = true;
    }
    _lastProgress = _loop->now();
    _linger.emplace(*_loop, [this] { checkLinger(); }).start(kLingerTick);
}

RelayPeer::Outcome Relay::outcomeOf(const Side& side) const {
    const auto& other = _sides[&side == &_sides[0] ? 1 : 0];
    if (side.bytes > 0) return RelayPeer::Outcome::Answered;
    if (other.bytes > 0 && !_aborted) return RelayPeer::Outcome::Unanswered;
    return RelayPeer::Outcome::Unknown;
}

void Relay::drain() {
    for (auto& side : _sides) {
        if (!side.toldTheEnd) tellTheEnd(side);
        if (!side.hasEnded) discardInput(side);
        // After its half-close was passed on, only a reset can tell the other peer that this one has broken.
        const bool mustReset = side.discarded || _broken;
        if (side.toldTheEnd && mustReset && !side.hasEnded && side.peer.stream->unacknowledged() == 0) {
            side.peer.stream->resetOnClose();
            side.hasEnded = true;
        }
        if (side.isGone()) reportGone(side);
    }
    const auto isGone = [](const Side& side) { return side.isGone(); };
    if (std::all_of(_sides.begin(), _sides.end(), isGone)) end();
}

void Relay::tellTheEnd(Side& side) {
    auto& stream = *side.peer.stream;
    const auto flushed = stream.flush();
    account(side);
    if (flushed == Stream::Status::Blocked) return;
    if (flushed == Stream::Status::Failed) {
        side.toldTheEnd = side.hasEnded = true;
    } else if (_broken) {
        // A reset makes the kernel forget what it has not delivered.
        if (stream.unacknowledged() > 0) return;
        stream.resetOnClose();
        side.toldTheEnd = side.hasEnded = true;
    } else {
        side.toldTheEnd = stream.endSending() != Stream::Status::Blocked;
    }
}

void Relay::discardInput(Side& side) {
    for (int i = 0; i < Stream::kMessagesPerTurn; ++i) {
        const auto received = side.peer.stream->receive(_loop->scratch());
        if (received.status == Stream::Status::Blocked) return;
        if (received.status == Stream::Status::Ok) {
            if (!side.heartbeat || !isHeartbeat(_loop->scratch().first(received.bytes)))
                side.discarded = true;
            continue;
        }
        side.hasEnded = true;
        if (received.status == Stream::Status::Failed) side.toldTheEnd = true;
        return;
    }
    side.peer.stream->again();
}

void Relay::reportGone(Side& side) {
    if (auto onGone = std::exchange(side.peer.onGone, {})) onGone();
}

void Relay::checkLinger() {
    drain();
    if (_state == State::Ended) return;
    const auto outstandingNow = outstanding();
    if (outstandingNow != _outstandingBefore) _lastProgress = _loop->now();
    _outstandingBefore = outstandingNow;
    if (_loop->now() - _lastProgress < _shared.limits->linger) {
        _linger->start(kLingerTick);
        return;
    }
    for (auto& side : _sides)
        if (side.peer.stream->unsent() > 0) side.peer.stream->resetOnClose();
    end();
}

std::size_t Relay::outstanding() const {
    std::size_t bytes = 0;
    for (const auto& side : _sides)
        if (!side.isGone())
            bytes +=
                side.peer.stream->unsent() + static_cast<std::size_t>(side.peer.stream->unacknowledged());
    return bytes;
}

void Relay::end() {
    _state = State::Ended;
    if (_linger) _linger->cancel();
    _loop->addLoad(-1);
    for (auto& side : _sides) {
        _shared.buffered.remove(side.accounted);
        side.peer.stream->detach();
        _loop->destroyLater(std::move(side.peer.stream));
        reportGone(side);
    }
    // By then both sockets are closed, which is what those who wait for the end wait for.
    _loop->post([self = shared_from_this()] { self->_owner.onEnded(self); });
}

} // namespace connector
