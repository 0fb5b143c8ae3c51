#include "pipe/AgentConnection.h"

#include "base/PeerAddress.h"
#include "protocol/Refusal.h"

#include <algorithm>

namespace connector {

namespace {

/// How often an agent with the right passcode looks for a free place.
constexpr std::chrono::milliseconds kPlaceRetry{20};

/// So many beats are expected within the absence threshold; who has missed the first may well be dead.
constexpr int kBeatsPerThreshold = 3;

constexpr const char* kNoWatch = "no room to watch another descriptor";

} // namespace

AgentConnection::AgentConnection(const Context& context, std::unique_ptr<SocketStream> stream, bool isKnown,
                                 bool hasTurn)
    : _context(context), _tag(ConnectionTag::next()),
      _handshake(std::make_shared<Handshake>(context.loop, context.handshakes, std::move(stream),
                                             static_cast<Handshake::Owner&>(*this), context.lifeline.hold(),
                                             isKnown)),
      _greeting(std::make_unique<Greeting>(context.passcodes)), _heartbeat(context.loop, *this),
      _timer(context.loop, [this] { onTimer(); }), _hasTurn(hasTurn) {}

AgentConnection::AgentConnection(const Context& context, std::unique_ptr<SocketStream> shaken, bool hasTurn)
    : _context(context), _tag(ConnectionTag::next()), _stream(std::move(shaken)),
      _greeting(std::make_unique<Greeting>(context.passcodes)), _heartbeat(context.loop, *this),
      _timer(context.loop, [this] { onTimer(); }), _hasTurn(hasTurn) {}

/// The stream is a SocketStream: takePeer() has taken it from another AgentConnection.
AgentConnection::AgentConnection(const Context& context, RelayPeer peer)
    : _context(context), _tag(peer.tag), _stream(static_cast<SocketStream*>(peer.stream.release())),
      _heartbeat(context.loop, *this), _timer(context.loop, [this] { onTimer(); }), _state(State::Holding),
      _passcodeGeneration(peer.passcodeGeneration) {
    begun().held = std::move(peer.held);
}

void AgentConnection::start() {
    if (_handshake) {
        _timer.start(_context.limits->greetingFirstByte);
        return _handshake->start();
    }
    if (!_stream->attach(_context.loop, *this)) return end(kNoWatch, AgentRejection::Resources);
    _heartbeat.start(*_stream, Heartbeat::Settings::ofConnector(_context.endpoint.heartbeatAbsenceThreshold));
    enter(State::Holding);
    if (!_isOver) readWhileWaiting();
}

void AgentConnection::startGreeted(const std::string& greeting) {
    if (!_stream->attach(_context.loop, *this)) return end(kNoWatch, AgentRejection::Resources);
    judge(_greeting->add(std::as_bytes(std::span(greeting))));
}

/// What has come by now was sent before the agent could know of the visitor that it is to be given. Of a
/// record that has only begun nobody can say yet what it is.
bool AgentConnection::stillWaits() {
    if (!_context.mayBegin && _stream->hasUnread()) {
        readWhileWaiting();
        if (!_isOver && waits() && _stream->hasUnread()) keepQuiet();
    }
    return !_isOver && waits();
}

/// Without a threshold an agent need not beat at all, unless it has.
bool AgentConnection::isSilent() const {
    const auto threshold = _context.endpoint.heartbeatAbsenceThreshold;
    if (threshold.count() == 0 && !_hasBeaten) return false;
    const auto usual = _context.limits->silentAgent;
    const auto patience = threshold.count() == 0 ? usual : std::min(usual, threshold / kBeatsPerThreshold);
    return _context.loop.now() - _heartbeat.state().lastHeard >= patience;
}

ConnectionReport AgentConnection::report() const {
    return {.tag = _tag, .side = _context.side, .address = inWords(peer())};
}

RelayPeer AgentConnection::takePeer() {
    RelayPeer peer;
    peer.protocol = Protocol::Pipe1;
    peer.tag = _tag;
    if (_begun) peer.held = std::move(_begun->held);
    if (_state == State::Holding) peer.visitor = _stream->peer().toString();
    peer.since = _context.loop.now();
    peer.passcodeGeneration = _passcodeGeneration;
    peer.stream = takeStream();
    return peer;
}

std::unique_ptr<SocketStream> AgentConnection::takeStream() {
    _isOver = true;
    _timer.cancel();
    _heartbeat.stop();
    if (auto handshake = std::exchange(_handshake, nullptr)) handshake->cancel();
    return std::move(_stream);
}

AgentConnection::Begun& AgentConnection::begun() {
    if (!_begun) _begun = std::make_unique<Begun>();
    return *_begun;
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

void AgentConnection::onShaken(std::unique_ptr<SocketStream> stream) {
    _stream = std::move(stream);
    _handshake.reset();
    if (!_stream->attach(_context.loop, *this)) return end(kNoWatch, AgentRejection::Resources);
    readGreeting();
}

void AgentConnection::readGreeting() {
    auto verdict = Greeting::Verdict::Incomplete;
    while (verdict == Greeting::Verdict::Incomplete) {
        const auto received = _stream->receive(_context.loop.scratch());
        if (received.status == Stream::Status::Blocked) return;
        if (received.status == Stream::Status::Ended)
            return end("it closed the connection before the passcode");
        if (received.status == Stream::Status::Failed) return end(_stream->failure());
        if (!_greeting->hasBegun()) _timer.start(_context.limits->greetingRest);
        verdict = _greeting->add(_context.loop.scratch().first(received.bytes));
    }
    judge(verdict);
}

/// One of another mapping's by now, where it was said elsewhere, is wrong here.
void AgentConnection::judge(Greeting::Verdict verdict) {
    if (verdict == Greeting::Verdict::Refused) {
        _context.owner.onWrongPasscode(*this);
        constexpr auto kWrong = AgentRejection::WrongPasscode;
        return _greeting->isPipe2() ? refuse(std::string(Refusal::kWrongPasscode), kWrong)
                                    : end("wrong passcode", kWrong);
    }
    if (verdict == Greeting::Verdict::Pipe2Opens && !_context.mayBegin)
        return refuse("it wants to open streams where only visitors begin", AgentRejection::Role);
    _greeted = verdict;
    _passcodeGeneration = _greeting->generation();
    _greeting.reset();
    _greetedAt = _context.loop.now();
    _context.owner.onRightPasscode(*this);
    takePlace();
}

void AgentConnection::takePlace() {
    const auto& endpoint = _context.endpoint;
    const auto admission = _context.owner.admit(*this);
    if (!admission) {
        const bool isTooLate = _context.loop.now() - _greetedAt >= _context.limits->placeWait;
        if (isTooLate || !_context.owner.mayWaitForPlace()) {
            const auto why = "all " + std::to_string(endpoint.maxConnections) + " places are taken";
            return _greeted == Greeting::Verdict::Pipe1 ? end(why, AgentRejection::NoPlace)
                                                        : refuse(why, AgentRejection::NoPlace);
        }
        _timer.start(kPlaceRetry);
        return;
    }
    _timer.cancel();
    if (_greeted != Greeting::Verdict::Pipe1)
        return _context.owner.onPipe2(*this, _greeted == Greeting::Verdict::Pipe2Opens);
    _heartbeat.start(*_stream, Heartbeat::Settings::ofConnector(endpoint.heartbeatAbsenceThreshold));
    _stream->send("AUTHORIZED");
    _isSuspect = admission->isSuspect;
    if (admission->mayBeStale)
        keepQuiet();
    else
        wait();
    if (!_isOver) readWhileWaiting();
}

/// Of PIPE/2. What more the agent has sent would make the kernel reset the connection, and the answer may be
/// lost with that.
void AgentConnection::refuse(const std::string& reason, AgentRejection rejection) {
    const bool isAgent = rejection == AgentRejection::NoPlace; // the others may be anybody
    _stream->send(Refusal{reason, isAgent ? _context.instance : ""}.toString());
    end(reason, rejection);
}

void AgentConnection::wait() {
    enter(_isSuspect ? State::LastResort : State::Waiting);
}

/// It is not silent any more, if it was.
void AgentConnection::onHeard() {
    _hasBeaten = true;
    if (_state == State::LastResort && !_isSuspect) enter(State::Waiting);
}

void AgentConnection::readWhileWaiting() {
    if (_stream->flush() == Stream::Status::Failed) return end(_stream->failure());
    for (int i = 0; i < Stream::kMessagesPerTurn; ++i) {
        const auto room = roomToReceive();
        if (room == 0) return;
        const auto received = _stream->receive(_context.loop.scratch().first(room));
        if (received.status == Stream::Status::Blocked) return;
        if (received.status == Stream::Status::Failed) return end(_stream->failure());
        if (received.status == Stream::Status::Ended) {
            // What it sent before it closed is still to be delivered.
            if (_state != State::Holding) end("it closed the connection");
            return;
        }
        takeMessage(_context.loop.scratch().first(received.bytes));
        if (_isOver) return;
    }
    _stream->again();
}

void AgentConnection::takeMessage(std::span<const std::byte> message) {
    if (_heartbeat.absorb(message)) return onHeard();
    if (!_context.mayBegin) return dropStale(message.size());
    begun().held.add(message);
    if (_state != State::Holding) enter(State::Holding);
}

/// It has no visitor, so this belongs to an earlier one, and more of it may come. To close the connection at
/// once would not help: the agent would dial anew and go on.
void AgentConnection::dropStale(std::size_t bytes) {
    const auto now = _context.loop.now();
    if (begun().staleBytes == 0) {
        _begun->staleSince = now;
        _context.owner.onStaleBytes(*this);
    }
    _begun->staleBytes += bytes;
    if (now - _begun->staleSince >= _context.limits->staleLongest) return onQuiet();
    keepQuiet();
}

/// It is given no visitor before nothing has come from it for a while.
void AgentConnection::keepQuiet() {
    _timer.start(_context.limits->staleQuiet);
    if (_state != State::Quieting) enter(State::Quieting);
}

void AgentConnection::onQuiet() {
    if (_stream->hasUnread())
        end("it began a record, and did not end it in time");
    else if (_begun && _begun->staleBytes > 0)
        end("it sent " + std::to_string(_begun->staleBytes) +
            " bytes that no visitor had asked for, the rest of an earlier answer");
    else
        wait();
}

std::size_t AgentConnection::roomToReceive() const {
    if (!_context.mayBegin) return EventLoop::kScratchSize;
    const auto held = _begun ? _begun->held.footprint() : 0;
    const auto room = _context.limits->heldPayload - std::min(_context.limits->heldPayload, held);
    return room < Stream::kMaxMessage ? 0 : room;
}

void AgentConnection::enter(State state) {
    const auto before = std::exchange(_state, state);
    _context.owner.onStateChanged(*this, before);
}

void AgentConnection::onTimer() {
    if (_state == State::Quieting) return onQuiet();
    if (!_greeting) return takePlace();
    if (_greeting->hasBegun())
        end("the passcode was not complete after " + std::to_string(_context.limits->greetingRest.count()) +
                " ms",
            AgentRejection::Timeout);
    else
        end("no passcode within " + std::to_string(_context.limits->greetingFirstByte.count()) + " ms",
            AgentRejection::Timeout);
}

void AgentConnection::onSilent() {
    if (roomToReceive() == 0) // it is we who do not listen
        _heartbeat.restart();
    else
        end("it was silent for " + std::to_string(_context.endpoint.heartbeatAbsenceThreshold.count()) +
            " ms");
}

void AgentConnection::end(const std::string& why, AgentRejection rejection) {
    if (_isOver) return;
    _isOver = true;
    _timer.cancel();
    _heartbeat.stop();
    _context.owner.onEnded(*this, why, rejection);
}

} // namespace connector
