#include "http/ClientConnection.h"

#include "base/PeerAddress.h"

#include <Poco/Net/HTTPResponse.h>

#include <sstream>
#include <utility>

namespace connector {

namespace {

using Poco::Net::HTTPResponse;

/// Received in one go; so much of a further request may have to be kept while one is being answered.
constexpr std::size_t kReceived = 16 * 1024;
constexpr std::chrono::seconds kStopGrace{1};
constexpr std::chrono::seconds kDrainTime{1};
/// Of a stream, in the kernel, which else takes much from somebody who reads nothing before anybody notices.
constexpr int kStreamUnsent = 64 * 1024;
constexpr std::size_t kDrainBytes = 1024 * 1024;
/// What POCO is given of a request that has no head, so that the refusal of it takes the way of all answers.
constexpr const char* kStandIn = "- - HTTP/1.1\r\nConnection: close\r\n\r\n";

/// Takes the answer from POCO's thread, which is done with the RequestSocket, to the connection on its loop,
/// if that is still there.
class AnswerPoster final : public AnswerReceiver {
  public:
    AnswerPoster(EventLoop& loop, std::weak_ptr<ClientConnection> connection)
        : _loop(loop), _connection(std::move(connection)) {}

    void onAnswered(ClientAnswer answer) override {
        _loop.post([connection = _connection, answer = std::move(answer)] {
            if (const auto waiting = connection.lock()) waiting->onAnswered(answer);
        });
    }

  private:
    EventLoop& _loop;
    std::weak_ptr<ClientConnection> _connection; ///< locked on the loop only, where it is destroyed
};

bool saysKeepAlive(const std::string& message) {
    std::istringstream text(message);
    HTTPResponse head;
    head.read(text);
    return head.getKeepAlive();
}

} // namespace

ClientConnection::ClientConnection(EventLoop& loop, ClientConnectionOwner& owner,
                                   std::unique_ptr<SocketStream> stream)
    : _loop(loop), _owner(owner), _stream(std::move(stream)), _tls(nullptr),
      _address(ownerOf(withoutMapping(_stream->peer().host()))), _deadline(loop, [this] { onDeadline(); }),
      _reader(owner.limits().requestBody) {}

ClientConnection::ClientConnection(EventLoop& loop, ClientConnectionOwner& owner,
                                   std::unique_ptr<TlsStream> stream)
    : ClientConnection(loop, owner, std::unique_ptr<SocketStream>(std::move(stream))) {
    _tls = static_cast<const TlsStream*>(_stream.get());
}

void ClientConnection::start() {
    enter(State::Handshaking, _owner.limits().requestTime);
    if (!_stream->attach(_loop, *this)) return close();
    onReady(*_stream);
}

void ClientConnection::stop() {
    _stopping = true;
    const bool isArriving = _state == State::Receiving && !_reader.isEmpty();
    if (isArriving)
        submit(HttpError(HTTPResponse::HTTP_SERVICE_UNAVAILABLE, "the server is shutting down"));
    else if (_state == State::Sending)
        _deadline.start(kStopGrace);
    else if (_state != State::Answering)
        close();
}

void ClientConnection::close() {
    if (_state == State::Ended) return;
    if (_state == State::Idle || _state == State::Streaming)
        _stream->endSending(); // with close_notify: nothing has been cut off
    if (_state == State::Handshaking) count(HandshakeResult::Abandoned);
    _state = State::Ended;
    _deadline.cancel();
    if (std::exchange(_waitsForTurn, false)) _owner.turns().forget(_address, *this);
    _stream->detach();
    _owner.onEnded(*this);
}

void ClientConnection::onReady(Stream&) {
    if (!needsTurn()) return onTurn();
    if (!std::exchange(_waitsForTurn, true)) _owner.turns().wait(_address, *this);
}

/// What a caller that the server does not know can make it do.
bool ClientConnection::needsTurn() const {
    return !_isOfKnownCaller &&
           (_state == State::Handshaking || _state == State::Idle || _state == State::Receiving);
}

void ClientConnection::onTurn() {
    _waitsForTurn = false;
    switch (_state) {
    case State::Handshaking:
        return handshake();
    case State::Idle:
    case State::Receiving:
        return receive();
    case State::Sending:
        return flush();
    case State::Streaming:
        dropInput();
        return stream();
    case State::Draining:
        return drain();
    case State::Answering: // what the client says meanwhile waits in the kernel
    case State::Ended:
        return;
    }
}

void ClientConnection::handshake() {
    switch (_stream->handshake()) {
    case Stream::Status::Ok:
        count(HandshakeResult::Done);
        _state = State::Receiving; // with what the handshake has left of the time
        return receive();
    case Stream::Status::Blocked:
        return;
    case Stream::Status::Ended:
    case Stream::Status::Failed:
        count(HandshakeResult::Failed);
        _state = State::Draining; // there is no handshake to abandon any more
        return close();
    }
}

void ClientConnection::count(HandshakeResult result) {
    if (_tls) _owner.handshakes().add(result);
}

void ClientConnection::receive() {
    if (_stream->flush() == Stream::Status::Failed) return close(); // "100 Continue" may still be kept
    for (int i = 0; i < Stream::kMessagesPerTurn; ++i) {
        readRequest();
        if (_state != State::Receiving && _state != State::Idle) return;
        if (!receiveSome()) return;
    }
    _stream->again();
}

/// False when nothing has come.
bool ClientConnection::receiveSome() {
    const auto room = _loop.scratch().first(kReceived);
    const auto received = _stream->receive(room);
    switch (received.status) {
    case Stream::Status::Ok:
        if (_state == State::Idle) enter(State::Receiving, _owner.limits().requestTime);
        _reader.append({reinterpret_cast<const char*>(room.data()), received.bytes});
        return true;
    case Stream::Status::Blocked:
        break;
    case Stream::Status::Ended:
        if (_reader.isEmpty())
            close();
        else
            submit(HttpError(HTTPResponse::HTTP_BAD_REQUEST, _reader.hasHead()
                                                                 ? "the request's body ended early"
                                                                 : "the request ended within its head"));
        break;
    case Stream::Status::Failed:
        close();
        break;
    }
    return false;
}

void ClientConnection::readRequest() {
    try {
        if (_reader.read()) return submit(std::nullopt);
        if (_reader.takeExpectation()) _stream->send("HTTP/1.1 100 Continue\r\n\r\n");
    } catch (const HttpError& error) {
        submit(error);
    }
}

/// problem: why the request can only be refused.
void ClientConnection::submit(std::optional<HttpError> problem) {
    const bool hasHead = _reader.hasHead();
    ClientRequest request{.message = {},
                          .problem = std::move(problem),
                          .hasHead = hasHead,
                          .client = _stream->peer(),
                          .certificate = _tls ? _tls->certificateFingerprint() : "",
                          .isSecure = _tls != nullptr};
    request.isOfKnownCaller = _asksAsKnown = hasHead && _owner.knows(_reader.head(), request);
    request.message = hasHead ? _reader.take() : kStandIn;
    _state = State::Answering;
    _deadline.cancel();
    _owner.onRequest(std::move(request), std::make_unique<AnswerPoster>(_loop, weak_from_this()));
}

void ClientConnection::onAnswered(const ClientAnswer& answer) {
    if (_state == State::Ended) return;
    if (answer.message.empty()) return close();
    _asksAsKnown = false;
    if (answer.isOfKnownCaller && !std::exchange(_isOfKnownCaller, true)) _owner.onIdentified();
    _keepsAlive = saysKeepAlive(answer.message);
    _answerStream = answer.stream;
    enter(State::Sending, _stopping ? kStopGrace : _owner.limits().requestTime);
    if (_stream->send(answer.message) == Stream::Status::Failed) return close();
    flush();
}

void ClientConnection::flush() {
    switch (_stream->flush()) {
    case Stream::Status::Ok:
        return onSent();
    case Stream::Status::Blocked:
        return;
    case Stream::Status::Ended:
    case Stream::Status::Failed:
        return close();
    }
}

void ClientConnection::onSent() {
    if (_answerStream && !_stopping) return beginStream();
    if (_keepsAlive && !_stopping) {
        enter(_reader.isEmpty() ? State::Idle : State::Receiving, _owner.limits().requestTime);
        return onReady(*_stream);
    }
    enter(State::Draining, kDrainTime);
    drain();
}

void ClientConnection::beginStream() {
    _stream->limitUnsent(kStreamUnsent);
    enter(State::Streaming, _answerStream->heartbeatTime());
    _answerStream->start([&loop = _loop, connection = weak_from_this()] {
        loop.post([connection] {
            if (const auto waiting = connection.lock()) waiting->stream();
        });
    });
    stream();
}

/// Nothing is taken from where it is kept before the client has taken what came before it: so a slow client
/// costs no memory, and is left behind.
void ClientConnection::stream() {
    while (_state == State::Streaming) {
        const auto flushed = _stream->flush();
        if (flushed == Stream::Status::Blocked) return;
        if (flushed != Stream::Status::Ok) return close();
        const auto next = _answerStream->next();
        if (!next) return close();
        if (next->empty()) return;
        if (_stream->send(*next) == Stream::Status::Failed) return close();
        enter(State::Streaming, _answerStream->heartbeatTime());
    }
}

/// Who has taken nothing between two heartbeats is not there any more, or might as well not be.
void ClientConnection::onStreamTime() {
    const auto unsent = _stream->unsent();
    if (unsent > 0 && unsent == _unsentBefore) {
        _stream->resetOnClose();
        return close();
    }
    _unsentBefore = unsent;
    if (unsent == 0 && _stream->send(_answerStream->heartbeat()) == Stream::Status::Failed) return close();
    enter(State::Streaming, _answerStream->heartbeatTime());
}

/// A client of a stream has nothing more to say; that it has gone is to be noticed.
void ClientConnection::dropInput() {
    while (_state == State::Streaming) {
        const auto received = _stream->receive(_loop.scratch());
        if (received.status == Stream::Status::Blocked) return;
        _dropped += received.bytes;
        if (received.status != Stream::Status::Ok || _dropped >= kDrainBytes) return close();
    }
}

/// Closing a socket with unread bytes would reset the connection, and the client would lose the answer.
void ClientConnection::drain() {
    auto ended = _stream->endSending();
    while (ended != Stream::Status::Failed && _dropped < kDrainBytes) {
        const auto received = _stream->receive(_loop.scratch());
        if (received.status == Stream::Status::Blocked && !_stopping) return;
        if (received.status != Stream::Status::Ok) break;
        _dropped += received.bytes;
    }
    close();
}

void ClientConnection::onDeadline() {
    if (_state == State::Streaming) return onStreamTime();
    if (_state == State::Receiving && !_reader.isEmpty())
        return submit(HttpError(HTTPResponse::HTTP_REQUEST_TIMEOUT, "the request did not arrive in time"));
    if (_state == State::Sending) _stream->resetOnClose();
    close();
}

void ClientConnection::enter(State state, std::chrono::milliseconds atMost) {
    _state = state;
    _deadline.start(atMost);
}

} // namespace connector
