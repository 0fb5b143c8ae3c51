#include "agent/Slot.h"

#include "pipe/Greeting.h"

#include <algorithm>

namespace connector {

namespace {

/// From dialling to AUTHORIZED, the TLS handshake included: Connector gives as much for the greeting.
constexpr std::chrono::milliseconds kAuthorizationLimit{10000};

std::string_view asText(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

} // namespace

Slot::Slot(SlotShared& shared, Owner& owner)
    : _shared(shared), _owner(owner), _dialer(shared.loop, shared.resolver, shared.connector, *this),
      _backoff(shared.random), _heartbeat(shared.loop, shared.heartbeat, [this] { onSilent(); }),
      _timer(shared.loop, [this] { onTimer(); }) {}

void Slot::dial() {
    _state = State::Queued;
    _shared.turns.request(*this);
}

RelayEnd Slot::take() {
    _state = State::Taken;
    _heartbeat.stop();
    RelayEnd end;
    end.name = "Connector";
    end.stream = std::move(_stream);
    end.heartbeat = _shared.heartbeat;
    end.held = std::exchange(_held, {});
    return end;
}

void Slot::redial() {
    _stream->resetOnClose();
    dropStream();
    dial();
}

void Slot::onTurn() {
    _state = State::Dialling;
    _deadline = _shared.loop.now() + kAuthorizationLimit;
    _dialer.dial(kAuthorizationLimit);
}

void Slot::onDialled(std::unique_ptr<Stream> stream) {
    _state = State::Authorizing;
    _stream = std::move(stream);
    _answer.clear();
    _timer.start(std::chrono::ceil<std::chrono::milliseconds>(_deadline - _shared.loop.now()));
    _stream->attach(_shared.loop, *this);
    _stream->send(_shared.passcode);
    readAnswer();
}

void Slot::onDialFailed(const std::string& why) {
    fail(why);
}

void Slot::onReady(Stream&) {
    if (_state == State::Authorizing)
        readAnswer();
    else
        readWhileWaiting();
}

void Slot::readAnswer() {
    if (_stream->flush() == Stream::Status::Failed) return failBroken();
    for (;;) {
        const auto received = _stream->receive(_shared.loop.scratch());
        if (received.status == Stream::Status::Blocked) return;
        if (received.status == Stream::Status::Failed) return failBroken();
        if (received.status == Stream::Status::Ended)
            return fail(
                "Connector closed the connection instead of authorizing it: the passcode is wrong, or "
                "all places are taken");
        const auto bytes = _shared.loop.scratch().first(received.bytes);
        const auto part = std::min(bytes.size(), kAuthorized.size() - _answer.size());
        _answer += asText(bytes.first(part));
        if (!kAuthorized.starts_with(_answer))
            return fail("what answers is no Connector, or speaks TLS where --plain was given");
        if (_answer.size() == kAuthorized.size()) return onAuthorized(bytes.subspan(part));
    }
}

/// What comes right behind the answer is part of the first message.
void Slot::onAuthorized(std::span<const std::byte> rest) {
    _state = State::Waiting;
    _timer.cancel();
    _backoff.reset();
    _heartbeat.start(*_stream);
    _shared.connector.remember(*_stream);
    if (!_heartbeat.absorb(rest)) _held.assign(rest.begin(), rest.end());
    _shared.turns.done();
    _owner.onWaiting(*this);
    if (_state == State::Waiting && !_held.empty()) startHolding();
    if (isAuthorized()) readWhileWaiting();
}

void Slot::readWhileWaiting() {
    if (_stream->flush() == Stream::Status::Failed) return failBroken();
    for (int i = 0; i < Stream::kMessagesPerTurn; ++i) {
        const auto room = roomToHold();
        if (room == 0) return;
        const auto received = _stream->receive(_shared.loop.scratch().first(room));
        if (received.status == Stream::Status::Blocked) return;
        if (received.status == Stream::Status::Failed) return failBroken();
        if (received.status == Stream::Status::Ended) {
            // What Connector sent before it closed is still to be delivered.
            if (_state == State::Waiting) fail("Connector closed the connection");
            return;
        }
        takeMessage(_shared.loop.scratch().first(received.bytes));
        if (!isAuthorized()) return;
    }
    _stream->again();
}

void Slot::takeMessage(std::span<const std::byte> message) {
    if (_heartbeat.absorb(message)) return;
    _held.insert(_held.end(), message.begin(), message.end());
    if (_state == State::Waiting) startHolding();
}

void Slot::startHolding() {
    _state = State::Holding;
    _owner.onHolding(*this);
}

std::size_t Slot::roomToHold() const {
    const auto room = _shared.heldPayload - std::min(_shared.heldPayload, _held.size());
    return room < Stream::kMaxMessage ? 0 : room;
}

void Slot::onTimer() {
    if (_state == State::Resting)
        dial();
    else
        fail("no AUTHORIZED within " + std::to_string(kAuthorizationLimit.count()) + " ms");
}

void Slot::onSilent() {
    if (roomToHold() == 0) // it is we who do not listen
        _heartbeat.start(*_stream);
    else
        fail("Connector was silent for " + std::to_string(_shared.heartbeat.absenceThreshold.count()) +
             " ms");
}

void Slot::fail(const std::string& why) {
    const bool hadTurn = !isAuthorized();
    dropStream();
    _state = State::Resting;
    _timer.start(_backoff.next());
    if (hadTurn) _shared.turns.done();
    _owner.onLost(*this, why);
}

void Slot::failBroken() {
    fail("the connection to Connector broke: " + _stream->failure());
}

void Slot::dropStream() {
    _heartbeat.stop();
    _held.clear();
    if (!_stream) return;
    _stream->detach();
    _shared.loop.destroyLater(std::move(_stream)); // it may be the one whose event this is
}

} // namespace connector
