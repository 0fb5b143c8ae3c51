#include "pipe/AgentConnection.h"

#include <algorithm>

namespace connector {

namespace {

/// How often an agent with the right passcode looks for a free place.
constexpr std::chrono::milliseconds kPlaceRetry{20};

/// So many beats are expected within the absence threshold; who has missed the first may well be dead.
constexpr int kBeatsPerThreshold = 3;

/// Answered to an agent whose passcode is right. threshold: the mapping's for its silence.
std::string authorized(Protocol protocol, std::chrono::milliseconds threshold) {
    if (protocol == Protocol::Pipe1) return "AUTHORIZED";
    return "AUTHORIZED/2 heartbeat=" + std::to_string(threshold.count()) + "\n";
}

} // namespace

AgentConnection::AgentConnection(const Context& context, std::unique_ptr<SocketStream> stream, bool hasTurn)
    : _context(context), _stream(std::move(stream)),
      _greeting(std::make_unique<Greeting>(context.endpoint.passcode)), _heartbeat(context.loop, *this),
      _timer(context.loop, [this] { onTimer(); }), _hasTurn(hasTurn) {}

/// The stream is a SocketStream: takePeer() has taken it from another AgentConnection.
AgentConnection::AgentConnection(const Context& context, RelayPeer peer)
    : _context(context), _stream(static_cast<SocketStream*>(peer.stream.release())),
      _heartbeat(context.loop, *this), _timer(context.loop, [this] { onTimer(); }),
      _state(peer.visitor.empty() ? State::Waiting : State::Holding), _protocol(peer.protocol) {
    if (_state != State::Holding && peer.held.empty()) return;
    begun().visitor = std::move(peer.visitor);
    _begun->held = std::move(peer.held);
}

void AgentConnection::start() {
    if (!_stream->attach(_context.loop, *this)) return end("no room to watch another descriptor");
    if (_state == State::Authorizing) {
        _timer.start(_context.limits.greetingFirstByte);
        return;
    }
    _heartbeat.start(
        *_stream, Heartbeat::Settings::ofConnector(_protocol, _context.endpoint.heartbeatAbsenceThreshold));
    if (_state == State::Holding)
        beginHolding();
    else
        takePipe2Bytes((_begun ? std::exchange(_begun->held, {}) : Messages()).bytes());
    if (!_isOver) readWhileWaiting();
}

/// What has come by now was sent before the agent could know of the visitor that it is to be given. Of a
/// record that has only begun nobody can say yet what it is.
bool AgentConnection::stillWaits() {
    const bool mayBeStale = _protocol == Protocol::Pipe1 && !_context.mayBegin;
    if (mayBeStale && _stream->hasUnread()) {
        readWhileWaiting();
        if (!_isOver && waits() && _stream->hasUnread()) keepQuiet();
    }
    return !_isOver && waits();
}

/// Without a threshold an agent need not beat at all, unless it has.
bool AgentConnection::isSilent() const {
    const auto threshold = _context.endpoint.heartbeatAbsenceThreshold;
    if (threshold.count() == 0 && !_hasBeaten) return false;
    const auto usual = _context.limits.silentAgent;
    const auto patience = threshold.count() == 0 ? usual : std::min(usual, threshold / kBeatsPerThreshold);
    return _context.loop.now() - _heartbeat.state().lastHeard >= patience;
}

RelayPeer AgentConnection::takePeer() {
    RelayPeer peer;
    peer.protocol = _protocol;
    if (_begun) {
        peer.held = std::move(_begun->held);
        peer.idle = std::move(_begun->idle);
        peer.visitor = std::move(_begun->visitor);
    }
    peer.stream = takeStream();
    return peer;
}

std::unique_ptr<Stream> AgentConnection::takeStream() {
    _isOver = true;
    _timer.cancel();
    _heartbeat.stop();
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

void AgentConnection::readGreeting() {
    const auto handshake = _stream->handshake();
    if (handshake == Stream::Status::Blocked) return;
    if (handshake != Stream::Status::Ok) return end(_stream->failure());
    auto verdict = Greeting::Verdict::Incomplete;
    while (verdict == Greeting::Verdict::Incomplete) {
        const auto received = _stream->receive(_context.loop.scratch());
        if (received.status == Stream::Status::Blocked) return;
        if (received.status == Stream::Status::Ended)
            return end("it closed the connection before the passcode");
        if (received.status == Stream::Status::Failed) return end(_stream->failure());
        if (!_greeting->hasBegun()) _timer.start(_context.limits.greetingRest);
        verdict = _greeting->add(_context.loop.scratch().first(received.bytes));
    }
    if (verdict == Greeting::Verdict::Refused) {
        _context.owner.onWrongPasscode(*this);
        return end("wrong passcode");
    }
    if (verdict == Greeting::Verdict::Pipe2) _protocol = Protocol::Pipe2;
    _greeting.reset();
    _greeted = _context.loop.now();
    takePlace();
}

void AgentConnection::takePlace() {
    const auto& endpoint = _context.endpoint;
    const auto admission = _context.owner.admit(*this);
    if (!admission) {
        if (_context.loop.now() - _greeted >= _context.limits.placeWait)
            return end("all " + std::to_string(endpoint.maxConnections) + " places are taken");
        _timer.start(kPlaceRetry);
        return;
    }
    _timer.cancel();
    const auto threshold = endpoint.heartbeatAbsenceThreshold;
    _heartbeat.start(*_stream, Heartbeat::Settings::ofConnector(_protocol, threshold));
    _stream->send(authorized(_protocol, threshold));
    _isSuspect = admission->isSuspect;
    if (admission->mayBeStale)
        keepQuiet();
    else
        wait();
    if (!_isOver) readWhileWaiting();
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
            // What an agent of PIPE/1 sent before it closed is still to be delivered.
            if (_protocol == Protocol::Pipe2 || _state != State::Holding) end("it closed the connection");
            return;
        }
        const auto bytes = _context.loop.scratch().first(received.bytes);
        if (_protocol == Protocol::Pipe1)
            takePipe1Message(bytes);
        else
            takePipe2Bytes(bytes);
        if (_isOver) return;
    }
    _stream->again();
}

void AgentConnection::takePipe1Message(std::span<const std::byte> message) {
    if (_heartbeat.absorb(message)) return onHeard();
    if (!_context.mayBegin) return dropStale(message.size());
    begun().held.add(message);
    if (_state == State::Holding) return;
    begun().visitor = _stream->peer().toString();
    beginHolding();
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
    if (now - _begun->staleSince >= _context.limits.staleLongest) return onQuiet();
    keepQuiet();
}

/// It is given no visitor before nothing has come from it for a while.
void AgentConnection::keepQuiet() {
    _timer.start(_context.limits.staleQuiet);
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

void AgentConnection::takePipe2Bytes(std::span<const std::byte> bytes) {
    _heartbeat.heard();
    while (!bytes.empty() && !_isOver) {
        if (_state == State::Holding) return begun().held.add(bytes);
        const auto event = begun().idle.read(bytes);
        if (event == IdleReader::Event::Open) return open(bytes);
        takeIdleEvent(event);
    }
}

/// behind: what has come behind OPEN's first bytes; it goes along with them. Nobody may be told of the OPEN
/// before that is taken: the agent may be joined then.
void AgentConnection::open(std::span<const std::byte> behind) {
    _timer.cancel();
    if (!_context.mayBegin) return end("it sent OPEN where only visitors begin");
    _begun->visitor = _begun->idle.visitor();
    _begun->held = Messages(_begun->idle.firstBytes());
    _begun->idle.forgetOpen();
    if (!behind.empty()) _begun->held.add(behind);
    beginHolding();
}

void AgentConnection::takeIdleEvent(IdleReader::Event event) {
    if (event == IdleReader::Event::Bad) return end("it sent " + _begun->idle.error());
    if (event == IdleReader::Event::Nothing) {
        if (!_timer.isRunning()) _timer.start(_context.limits.greetingRest);
        return;
    }
    _timer.cancel();
    _begun.reset();
    _heartbeat.beatReceived();
    onHeard();
}

std::size_t AgentConnection::roomToReceive() const {
    if (_protocol == Protocol::Pipe2) return roomForFirstBytes();
    if (!_context.mayBegin) return EventLoop::kScratchSize;
    const auto held = _begun ? _begun->held.footprint() : 0;
    const auto room = _context.limits.heldPayload - std::min(_context.limits.heldPayload, held);
    return room < Stream::kMaxMessage ? 0 : room;
}

/// All that is held before the conversation is opened may have to go with one OPEN to another agent.
std::size_t AgentConnection::roomForFirstBytes() const {
    if (!_begun) return Pipe2Line::kMaxFirstBytes;
    const auto kept = _begun->idle.firstBytes().size() + _begun->held.footprint();
    return Pipe2Line::kMaxFirstBytes - std::min(Pipe2Line::kMaxFirstBytes, kept);
}

void AgentConnection::enter(State state) {
    const auto before = std::exchange(_state, state);
    _context.owner.onStateChanged(*this, before);
}

/// An agent of PIPE/2 says nothing until OPEN is answered, so it is the wait that is limited, not its
/// silence.
void AgentConnection::beginHolding() {
    if (_protocol == Protocol::Pipe2) {
        _heartbeat.stop();
        _timer.start(_context.limits.visitorWait);
    }
    enter(State::Holding);
}

void AgentConnection::refuseToOpen() {
    _begun.reset();
    _heartbeat.start(
        *_stream, Heartbeat::Settings::ofConnector(_protocol, _context.endpoint.heartbeatAbsenceThreshold));
    _stream->send(Pipe2Line::refused("nobody waits on the other side").toString());
    enter(State::Waiting);
}

void AgentConnection::onTimer() {
    if (_state == State::Holding) return refuseToOpen();
    if (_state == State::Quieting) return onQuiet();
    if (_state != State::Authorizing) return end("a line, or OPEN's first bytes, did not come to their end");
    if (!_greeting) return takePlace();
    if (_greeting->hasBegun())
        end("the passcode was not complete after " + std::to_string(_context.limits.greetingRest.count()) +
            " ms");
    else
        end("no passcode within " + std::to_string(_context.limits.greetingFirstByte.count()) + " ms");
}

void AgentConnection::onSilent() {
    if (roomToReceive() == 0) // it is we who do not listen
        _heartbeat.restart();
    else
        end("it was silent for " + std::to_string(_context.endpoint.heartbeatAbsenceThreshold.count()) +
            " ms");
}

void AgentConnection::end(const std::string& why) {
    if (_isOver) return;
    _isOver = true;
    _timer.cancel();
    _heartbeat.stop();
    _context.owner.onEnded(*this, why);
}

} // namespace connector
