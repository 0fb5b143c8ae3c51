#include "agent/iofog/MessageConnection.h"

#include <algorithm>
#include <utility>

namespace connector {

namespace {

/// From one message to the next, for a receiver that doesn't acknowledge, and that for each so many bytes.
/// The stock agents of that line lose one of two messages that come in one read, as they may in plain TCP,
/// and in any case write the next one over what they haven't given to their bus yet.
constexpr std::chrono::milliseconds kSilentRest{20};
constexpr std::size_t kBytesPerSilentRest = 100000;

} // namespace

MessageConnection::MessageConnection(EventLoop& loop, RelayPeer peer, Owner& owner, bool& peerAcknowledges)
    : _loop(loop), _owner(owner), _stream(std::move(peer.stream)), _heartbeat(loop, *this),
      _beats(peer.heartbeat.value_or(Heartbeat::Settings())), _timer(loop, [this] { onTimer(); }),
      _delivery(peerAcknowledges), _unread(peer.held.bytes().begin(), peer.held.bytes().end()) {}

MessageConnection::~MessageConnection() = default;

void MessageConnection::start() {
    _heartbeat.start(*_stream, _beats);
    if (!_stream->attach(_loop, *this)) return end("no room to watch another descriptor");
    take(std::exchange(_unread, {}));
    if (_state != State::Over) receive();
}

void MessageConnection::send(BusMessage message) {
    _message = std::move(message);
    _isProbing = _delivery.mustProbe();
    begin(_isProbing ? kMessageProbe : std::string_view(_message->frame));
}

void MessageConnection::resume() {
    if (!_isStuck || !deliver()) return;
    take(std::exchange(_unread, {}));
    if (_state != State::Over) receive();
}

std::vector<BusMessage> MessageConnection::takeBack() {
    auto messages = _assumed.take();
    if (_message) messages.push_back(*std::exchange(_message, std::nullopt));
    return messages;
}

void MessageConnection::onReady(Stream&) {
    if (_stream->flush() == Stream::Status::Failed) return endBroken();
    sendOn();
    if (_state != State::Over) receive();
}

void MessageConnection::onSilent() {
    // It is we who do not listen, or who have kept it listening. A dead peer is then the kernel's business.
    if (_isStuck || _state == State::Sending)
        _heartbeat.restart();
    else
        end("Connector was silent for " + std::to_string(_beats.absenceThreshold.count()) + " ms");
}

void MessageConnection::onTimer() {
    if (_state == State::Resting) return becomeFree();
    if (_isStuck) return _timer.start(_delivery.wait()); // ACK may be in what isn't received now
    switch (_delivery.expired()) {
    case Delivery::Verdict::Repeat:
        _state = State::Sending;
        _left = _isProbing ? kMessageProbe : std::string_view(_message->frame);
        _isEndSent = false;
        return sendOn();
    case Delivery::Verdict::Wait:
        return _timer.start(_delivery.wait());
    case Delivery::Verdict::Delivered:
        return onDelivered();
    case Delivery::Verdict::Assumed:
        return onAssumed();
    case Delivery::Verdict::Failed:
        end("the other side has stopped acknowledging");
    }
}

void MessageConnection::begin(std::string_view what) {
    _delivery.begin();
    _state = State::Sending;
    _left = what;
    _isEndSent = false;
    sendOn();
}

/// A record at a time, so that no more than one is kept for a receiver that takes nothing.
void MessageConnection::sendOn() {
    while (_state == State::Sending && _stream->unsent() == 0) {
        if (_left.empty() && _isEndSent) return onSent();
        if (_left.empty()) {
            _left = kMessageEnd;
            _isEndSent = true;
        }
        const auto record = _left.substr(0, Stream::kMaxMessage);
        _left.remove_prefix(record.size());
        if (_stream->send(record) == Stream::Status::Failed) return endBroken();
        _heartbeat.payloadSent();
    }
}

void MessageConnection::onSent() {
    _delivery.sent();
    for (; _acksToSend > 0; --_acksToSend)
        if (_stream->send(kMessageAck) == Stream::Status::Failed) return endBroken();
    if (!_delivery.waits()) return onAssumed();
    _state = State::Awaiting;
    _timer.start(_delivery.wait());
}

/// Or what was sent was the probe.
void MessageConnection::onDelivered() {
    _timer.cancel();
    _assumed.clear(); // ACKs come in order
    if (std::exchange(_isProbing, false)) return begin(_message->frame);
    _message.reset();
    becomeFree();
}

/// The same.
void MessageConnection::onAssumed() {
    _timer.cancel();
    if (_delivery.isHeard()) _assumed.keepNone();
    if (std::exchange(_isProbing, false)) {
        _assumed.add({});
        return begin(_message->frame);
    }
    const auto size = _message->frame.size();
    _assumed.add(*std::exchange(_message, std::nullopt));
    _state = State::Resting;
    _timer.start(kSilentRest * (1 + size / kBytesPerSilentRest));
}

void MessageConnection::becomeFree() {
    _state = State::Free;
    _owner.onFree();
}

bool MessageConnection::mayReceive() const {
    return !_isStuck && _stream->unsent() + _acksToSend * kMessageAck.size() <= kMaxUnsentAcks;
}

void MessageConnection::receive() {
    for (int i = 0; i < Stream::kMessagesPerTurn; ++i) {
        if (!mayReceive()) return;
        const auto received = _stream->receive(_loop.scratch().first(Stream::kMaxMessage));
        if (received.status == Stream::Status::Blocked) return;
        if (received.status == Stream::Status::Failed) return endBroken();
        if (received.status == Stream::Status::Ended) return end("Connector closed the connection");
        const auto bytes = _loop.scratch().first(received.bytes);
        if (!_heartbeat.absorb(bytes)) take(bytes);
        if (_state == State::Over) return;
    }
    _stream->again();
}

void MessageConnection::take(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        if (handle(_reader.read(bytes))) continue;
        if (_isStuck) _unread.assign(bytes.begin(), bytes.end());
        return;
    }
}

/// False when nothing more can be taken now.
bool MessageConnection::handle(MessageReader::Event event) {
    switch (event) {
    case MessageReader::Event::Nothing:
        break;
    case MessageReader::Event::Message:
        return deliver();
    case MessageReader::Event::Probe:
        _delivery.heard();
        acknowledge();
        break;
    case MessageReader::Event::Ack:
        onAck();
        break;
    case MessageReader::Event::Damaged:
        _owner.onDamage(_reader.damage()); // not acknowledged, so that its sender sends it again
    }
    return _state != State::Over;
}

bool MessageConnection::deliver() {
    _delivery.heard();
    if (!_isStuck && _repetitions.isRepeated(_reader.message()))
        _delivery.repeatedToUs();
    else
        _isStuck = !_owner.onMessage(_reader.message());
    if (_isStuck) return false;
    acknowledge();
    return _state != State::Over;
}

/// Never in the middle of a message of ours.
void MessageConnection::acknowledge() {
    if (!_delivery.acknowledges()) return;
    _delivery.hasAcknowledged();
    if (_state == State::Sending)
        ++_acksToSend;
    else if (_stream->send(kMessageAck) == Stream::Status::Failed)
        endBroken();
    else
        _heartbeat.payloadSent();
}

void MessageConnection::onAck() {
    _delivery.heard();
    const bool isAllDelivered = _delivery.acknowledged();
    _assumed.confirmOldest();
    if (isAllDelivered && _state == State::Awaiting) onDelivered();
}

void MessageConnection::end(const std::string& why) {
    _state = State::Over;
    _heartbeat.stop();
    _timer.cancel();
    _stream->detach();
    _owner.onOver(*this, why);
}

void MessageConnection::endBroken() {
    end("the connection to Connector broke: " + _stream->failure());
}

} // namespace connector
