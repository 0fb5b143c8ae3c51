#include "agent/Slot.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace connector {

namespace {

/// From dialling to AUTHORIZED, the TLS handshake included: Connector gives as much for the greeting.
constexpr std::chrono::milliseconds kAuthorizationLimit{10000};

constexpr std::string_view kAuthorized1 = "AUTHORIZED";
constexpr std::string_view kAuthorized2 = "AUTHORIZED/2 heartbeat=";

/// So many beats fit into Connector's threshold, so that a late one does no harm.
constexpr int kBeatsPerThreshold = 3;

std::string_view asText(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// The threshold that AUTHORIZED/2 names; nothing when the line is something else.
std::optional<std::chrono::milliseconds> thresholdIn(std::string_view line) {
    if (!line.starts_with(kAuthorized2)) return std::nullopt;
    line.remove_prefix(kAuthorized2.size());
    std::int32_t milliseconds = 0;
    const auto read = std::from_chars(line.data(), line.data() + line.size(), milliseconds);
    if (read.ec != std::errc() || read.ptr != line.data() + line.size() || milliseconds < 0)
        return std::nullopt;
    return std::chrono::milliseconds(milliseconds);
}

} // namespace

Slot::Slot(SlotShared& shared, Owner& owner)
    : _shared(shared), _owner(owner), _dialer(shared.loop, shared.resolver, shared.connector, *this),
      _backoff(shared.random), _heartbeat(shared.loop, *this), _timer(shared.loop, [this] { onTimer(); }) {}

void Slot::dial() {
    _state = State::Queued;
    _shared.turns.request(*this);
}

RelayPeer Slot::take() {
    if (_shared.protocol == Protocol::Pipe2 && _state == State::Holding)
        _stream->send(Pipe2Line::opened().toString());
    _state = State::Taken;
    _heartbeat.stop();
    _timer.cancel();
    RelayPeer peer;
    peer.name = "Connector";
    peer.protocol = _shared.protocol;
    peer.stream = std::move(_stream);
    if (_shared.protocol == Protocol::Pipe1) peer.heartbeat = heartbeat();
    peer.held = std::exchange(_held, {});
    peer.idle = std::exchange(_idle, {});
    return peer;
}

void Slot::refuse(const std::string& reason) {
    if (_shared.protocol == Protocol::Pipe1) {
        _stream->resetOnClose();
        dropStream();
        return dial();
    }
    _held = {};
    _stream->send(Pipe2Line::refused(reason).toString());
    startWaiting({});
}

void Slot::putBack(RelayPeer peer) {
    _stream = std::move(peer.stream);
    _stream->attach(_shared.loop, *this);
    startWaiting(peer.held.bytes());
}

void Slot::lose(const std::string& why) {
    fail(why);
}

void Slot::onTurn() {
    _state = State::Dialling;
    _deadline = _shared.loop.now() + kAuthorizationLimit;
    _dialer.dial(kAuthorizationLimit);
}

void Slot::onDialled(std::unique_ptr<SocketStream> stream) {
    _state = State::Authorizing;
    _stream = std::move(stream);
    _answer.clear();
    _lines = {};
    _idle = {};
    _timer.start(std::chrono::ceil<std::chrono::milliseconds>(_deadline - _shared.loop.now()));
    _stream->attach(_shared.loop, *this);
    _stream->send(_shared.protocol == Protocol::Pipe1 ? _shared.passcode
                                                      : "PIPE/2 " + _shared.passcode + "\n");
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
        auto bytes = _shared.loop.scratch().first(received.bytes);
        std::span<const std::byte> rest = bytes;
        if (takeAnswer(rest)) return onAuthorized(rest);
        if (_state != State::Authorizing) return;
    }
}

/// True when it is complete; then `bytes` is what has come behind it. May fail.
bool Slot::takeAnswer(std::span<const std::byte>& bytes) {
    constexpr const char* kWrong = "what answers is no Connector, or speaks TLS where --plain was given";
    if (_shared.protocol == Protocol::Pipe1) {
        const auto part = std::min(bytes.size(), kAuthorized1.size() - _answer.size());
        _answer += asText(bytes.first(part));
        bytes = bytes.subspan(part);
        if (!kAuthorized1.starts_with(_answer)) fail(kWrong);
        return _answer.size() == kAuthorized1.size() && _state == State::Authorizing;
    }
    const auto status = _lines.read(bytes);
    if (status == LineReader::Status::Incomplete) return false;
    const auto threshold = status == LineReader::Status::Complete ? thresholdIn(_lines.line()) : std::nullopt;
    if (threshold)
        _connectorThreshold = *threshold;
    else
        fail(kWrong);
    return threshold.has_value();
}

void Slot::onAuthorized(std::span<const std::byte> rest) {
    _timer.cancel();
    _backoff.reset();
    _shared.connector.remember(*_stream);
    startWaiting(rest);
    _shared.turns.done(); // last: it runs other slots, who may use the scratch buffer that `rest` is in
}

/// received: what has come already; in PIPE/1 it is part of the first message. It is looked at before the
/// owner may take the slot: Connector's OPEN may be in it.
void Slot::startWaiting(std::span<const std::byte> received) {
    _state = State::Settling;
    _visitor.clear();
    _heartbeat.start(*_stream, heartbeat());
    if (!received.empty()) takeBytes(received);
    if (_state == State::Settling) {
        _state = State::Waiting;
        _owner.onWaiting(*this);
    }
    if (isAuthorized()) readWhileWaiting();
}

bool Slot::isAuthorized() const {
    return _state == State::Settling || _state == State::Waiting || _state == State::Holding;
}

Heartbeat::Settings Slot::heartbeat() const {
    const auto wanted = _connectorThreshold / kBeatsPerThreshold; // 0 in PIPE/1
    const auto interval = wanted.count() > 0 ? std::min(wanted, _shared.beatInterval) : _shared.beatInterval;
    return {.absenceThreshold = _shared.absenceThreshold, .interval = interval, .protocol = _shared.protocol};
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
            if (_state == State::Waiting || _shared.protocol == Protocol::Pipe2)
                fail("Connector closed the connection");
            return;
        }
        takeBytes(_shared.loop.scratch().first(received.bytes));
        if (!isAuthorized()) return;
    }
    _stream->again();
}

void Slot::takeBytes(std::span<const std::byte> bytes) {
    if (_shared.protocol == Protocol::Pipe1)
        takePipe1Message(bytes);
    else
        takePipe2Bytes(bytes);
}

void Slot::takePipe1Message(std::span<const std::byte> message) {
    if (_heartbeat.absorb(message)) return;
    _held.add(message);
    if (_state == State::Holding) return;
    _state = State::Holding;
    _owner.onHolding(*this);
}

void Slot::takePipe2Bytes(std::span<const std::byte> bytes) {
    _heartbeat.heard();
    while (!bytes.empty()) {
        if (_state == State::Holding) return _held.add(bytes);
        switch (_idle.read(bytes)) {
        case IdleReader::Event::Nothing:
        case IdleReader::Event::Beat:
            break;
        case IdleReader::Event::Bad:
            return fail("Connector sent " + _idle.error());
        case IdleReader::Event::Open:
            _visitor = _idle.visitor();
            _held = Messages(_idle.firstBytes());
            _idle.forgetOpen();
            if (!bytes.empty()) _held.add(bytes); // what is behind the first bytes goes along with them
            _heartbeat.stop();                    // what follows the answer is no beat any more
            _state = State::Holding;
            return _owner.onHolding(*this);
        }
    }
}

std::size_t Slot::roomToHold() const {
    if (_shared.protocol == Protocol::Pipe2) {
        const auto kept = _idle.firstBytes().size() + _held.footprint();
        return Pipe2Line::kMaxFirstBytes - std::min(Pipe2Line::kMaxFirstBytes, kept);
    }
    const auto room = _shared.heldPayload - std::min(_shared.heldPayload, _held.footprint());
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
        _heartbeat.restart();
    else
        fail("Connector was silent for " + std::to_string(_shared.absenceThreshold.count()) + " ms");
}

void Slot::fail(const std::string& why) {
    const bool hadTurn = _state == State::Dialling || _state == State::Authorizing;
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
    _held = {};
    if (!_stream) return;
    _stream->retire();
    _shared.loop.destroyLater(std::move(_stream)); // it may be the one whose event this is
}

} // namespace connector
