#include "pipe/AgentConnection.h"

#include <algorithm>

namespace connector {

namespace {

/// How often an agent with the right passcode looks for a free place.
constexpr std::chrono::milliseconds kPlaceRetry{20};

} // namespace

AgentConnection::AgentConnection(EventLoop& loop, const PipeLimits& limits, const Endpoint& endpoint,
                                 bool holdsPayload, std::unique_ptr<Stream> stream, Owner& owner)
    : _loop(loop), _limits(limits), _endpoint(endpoint), _holdsPayload(holdsPayload),
      _stream(std::move(stream)), _owner(owner), _greeting(std::make_unique<Greeting>(endpoint.passcode)),
      _heartbeat(loop, {.absenceThreshold = endpoint.heartbeatAbsenceThreshold, .answers = true},
                 [this] { onSilent(); }),
      _timer(loop, [this] { onTimer(); }) {}

void AgentConnection::start() {
    _timer.start(_limits.greetingFirstByte);
    if (!_stream->attach(_loop, *this)) end("no room to watch another descriptor");
}

std::unique_ptr<Stream> AgentConnection::takeStream() {
    _isOver = true;
    _timer.cancel();
    _heartbeat.stop();
    return std::move(_stream);
}

void AgentConnection::onReady(Stream&) {
    if (_state != State::Authorizing) {
        readWhileWaiting();
    } else if (_greeting) {
        readGreeting();
    } else if (_stream->hasEndedUnread()) {
        end("it closed the connection while it waited for a place");
    }
}

void AgentConnection::readGreeting() {
    const auto shaken = _stream->handshake();
    if (shaken == Stream::Status::Blocked) return;
    if (shaken != Stream::Status::Ok) return end(_stream->failure());
    for (;;) {
        const auto received = _stream->receive(_loop.scratch());
        if (received.status == Stream::Status::Blocked) return;
        if (received.status == Stream::Status::Ended)
            return end("it closed the connection before the passcode");
        if (received.status == Stream::Status::Failed) return end(_stream->failure());
        if (!_greeting->hasBegun()) _timer.start(_limits.greetingRest);
        const auto verdict = _greeting->add(_loop.scratch().first(received.bytes));
        if (verdict == Greeting::Verdict::Incomplete) continue;
        if (verdict == Greeting::Verdict::Refused) return end("wrong passcode");
        _greeting.reset();
        _greeted = _loop.now();
        return takePlace();
    }
}

void AgentConnection::takePlace() {
    if (!_owner.admit(*this)) {
        if (_loop.now() - _greeted >= _limits.placeWait)
            return end("all " + std::to_string(_endpoint.maxConnections) + " places are taken");
        _timer.start(kPlaceRetry);
        return;
    }
    _timer.cancel();
    _state = State::Waiting;
    _heartbeat.start(*_stream);
    _stream->send(kAuthorized);
    _owner.onWaiting(*this);
    if (!_isOver) readWhileWaiting();
}

void AgentConnection::readWhileWaiting() {
    if (_stream->flush() == Stream::Status::Failed) return end(_stream->failure());
    for (int i = 0; i < Stream::kMessagesPerTurn; ++i) {
        const auto room = roomToHold();
        if (room == 0) return;
        const auto received = _stream->receive(_loop.scratch().first(room));
        if (received.status == Stream::Status::Blocked) return;
        if (received.status == Stream::Status::Failed) return end(_stream->failure());
        if (received.status == Stream::Status::Ended) {
            // What it sent before it closed is still to be delivered.
            if (_state == State::Waiting) end("it closed the connection");
            return;
        }
        takeMessage(_loop.scratch().first(received.bytes));
        if (_isOver) return;
    }
    _stream->again();
}

void AgentConnection::takeMessage(std::span<const std::byte> message) {
    if (_heartbeat.absorb(message)) return _owner.onHeard(*this);
    if (!_holdsPayload) return; // the tail of an answer to an earlier visitor
    _held.insert(_held.end(), message.begin(), message.end());
    if (_state == State::Holding) return;
    _state = State::Holding;
    _owner.onHolding(*this);
}

std::size_t AgentConnection::roomToHold() const {
    if (!_holdsPayload) return EventLoop::kScratchSize;
    const auto room = _limits.heldPayload - std::min(_limits.heldPayload, _held.size());
    return room < Stream::kMaxMessage ? 0 : room;
}

void AgentConnection::onTimer() {
    if (!_greeting) return takePlace();
    if (_greeting->hasBegun())
        end("the passcode was not complete after " + std::to_string(_limits.greetingRest.count()) + " ms");
    else
        end("no passcode within " + std::to_string(_limits.greetingFirstByte.count()) + " ms");
}

void AgentConnection::onSilent() {
    if (roomToHold() == 0) // it is we who do not listen
        _heartbeat.start(*_stream);
    else
        end("it was silent for " + std::to_string(_endpoint.heartbeatAbsenceThreshold.count()) + " ms");
}

void AgentConnection::end(const std::string& why) {
    if (_isOver) return;
    _isOver = true;
    _timer.cancel();
    _heartbeat.stop();
    _owner.onEnded(*this, why);
}

} // namespace connector
