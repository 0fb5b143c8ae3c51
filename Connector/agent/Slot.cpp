#include "agent/Slot.h"

#include <algorithm>

namespace connector {

Slot::Slot(SlotShared& shared, Owner& owner)
    : _shared(shared), _owner(owner), _dialer(shared.dial, *this), _heartbeat(shared.dial.loop, *this) {}

RelayPeer Slot::take() {
    _state = State::Away;
    _heartbeat.stop();
    RelayPeer peer;
    peer.name = "Connector";
    peer.protocol = Protocol::Pipe1;
    peer.stream = std::move(_stream);
    peer.heartbeat = heartbeat();
    peer.held = std::exchange(_held, {});
    return peer;
}

void Slot::refuse() {
    _stream->resetOnClose();
    dropStream();
    dial();
}

void Slot::lose(const std::string& why) {
    fail(why);
}

/// received: part of the first message. It is looked at before the owner may take the slot: Connector may
/// have begun a conversation with it.
void Slot::onAuthorized(std::unique_ptr<SocketStream> stream, const Authorization&,
                        std::span<const std::byte> received) {
    _stream = std::move(stream);
    _stream->attach(_shared.dial.loop, *this);
    _state = State::Settling;
    _heartbeat.start(*_stream, heartbeat());
    if (!received.empty()) takeMessage(received);
    if (_state == State::Settling) {
        _state = State::Waiting;
        _owner.onWaiting(*this);
    }
    if (_state != State::Away) readWhileWaiting();
}

void Slot::onNotAuthorized(const std::string& why, const std::string&) {
    _owner.onLost(*this, why);
}

void Slot::onReady(Stream&) {
    readWhileWaiting();
}

Heartbeat::Settings Slot::heartbeat() const {
    return {.absenceThreshold = _shared.absenceThreshold, .interval = _shared.beatInterval};
}

void Slot::readWhileWaiting() {
    if (_stream->flush() == Stream::Status::Failed) return failBroken();
    for (int i = 0; i < Stream::kMessagesPerTurn; ++i) {
        const auto room = roomToHold();
        if (room == 0) return;
        const auto received = _stream->receive(_shared.dial.loop.scratch().first(room));
        if (received.status == Stream::Status::Blocked) return;
        if (received.status == Stream::Status::Failed) return failBroken();
        if (received.status == Stream::Status::Ended) {
            // What Connector sent before it closed is still to be delivered.
            if (_state == State::Waiting) fail("Connector closed the connection");
            return;
        }
        takeMessage(_shared.dial.loop.scratch().first(received.bytes));
        if (_state == State::Away) return;
    }
    _stream->again();
}

void Slot::takeMessage(std::span<const std::byte> message) {
    if (_heartbeat.absorb(message)) return;
    _held.add(message);
    if (_state == State::Holding) return;
    _state = State::Holding;
    _owner.onHolding(*this);
}

std::size_t Slot::roomToHold() const {
    const auto room = _shared.heldPayload - std::min(_shared.heldPayload, _held.footprint());
    return room < Stream::kMaxMessage ? 0 : room;
}

void Slot::onSilent() {
    if (roomToHold() == 0) // it is we who do not listen
        _heartbeat.restart();
    else
        fail("Connector was silent for " + std::to_string(_shared.absenceThreshold.count()) + " ms");
}

void Slot::fail(const std::string& why) {
    dropStream();
    _dialer.dialLater();
    _owner.onLost(*this, why);
}

void Slot::failBroken() {
    fail("the connection to Connector broke: " + _stream->failure());
}

void Slot::dropStream() {
    _state = State::Away;
    _heartbeat.stop();
    _held = {};
    if (!_stream) return;
    _stream->detach();
    _shared.dial.loop.destroyLater(std::move(_stream)); // it may be the one whose event this is
}

} // namespace connector
