#pragma once

#include "http/FairTurns.h"
#include "http/HttpSettings.h"
#include "http/RequestReader.h"
#include "http/RequestSocket.h"
#include "net/HandshakeCounts.h"
#include "net/SocketStream.h"
#include "net/Timer.h"
#include "net/TlsStream.h"

#include <memory>
#include <optional>

namespace connector {

class ClientConnection;

/// Whoever has the connections of an HTTP server's clients.
class ClientConnectionOwner {
  public:
    virtual const HttpLimits& limits() const = 0;

    /// Where connections of callers that the server does not know wait for theirs.
    virtual FairTurns& turns() = 0;

    virtual HandshakeCounts& handshakes() = 0;

    /// Whether the server knows who has sent this request.
    virtual bool knows(const Poco::Net::HTTPRequest& head, const ClientRequest& request) const = 0;

    /// A request that is to be answered.
    virtual void onRequest(ClientRequest request, std::unique_ptr<AnswerReceiver> receiver) = 0;

    /// The server knows the connection's caller from now on.
    virtual void onIdentified() = 0;

    /// The connection has ended; the owner destroys it with EventLoop::destroyLater().
    virtual void onEnded(ClientConnection& connection) = 0;

  protected:
    ~ClientConnectionOwner() = default;
};

/// One client's connection to an HTTP server, from its acceptance to its end: it reads a request, waits for
/// the answer, sends it, and goes on with the next one. All of it has a deadline, and none of it keeps a
/// thread waiting. On the loop's thread.
class ClientConnection final : public std::enable_shared_from_this<ClientConnection>,
                               private StreamHandler,
                               private TurnTaker {
  public:
    /// Over plain TCP, or over TLS. The owner must outlive the connection.
    ClientConnection(EventLoop& loop, ClientConnectionOwner& owner, std::unique_ptr<SocketStream> stream);
    ClientConnection(EventLoop& loop, ClientConnectionOwner& owner, std::unique_ptr<TlsStream> stream);

    /// To be called once.
    void start();

    /// Ends what has not asked yet, answers what is arriving with 503, and lets the rest end after its
    /// answer.
    void stop();

    /// Ends it whatever it does.
    void close();

    /// What was asked has been answered.
    void onAnswered(const ClientAnswer& answer);

    /// Closing it harms only a caller that the server does not know.
    bool isExpendable() const { return !_isOfKnownCaller && _state != State::Answering; }

    bool isOfKnownCaller() const { return _isOfKnownCaller; }

    /// Whether the server knows its caller neither from answered requests nor from the one that it answers.
    bool isOfStranger() const { return !_isOfKnownCaller && !_asksAsKnown; }

    /// Whose it is, as ownerOf() has it.
    const std::string& address() const { return _address; }

    const Poco::Net::SocketAddress& peer() const { return _stream->peer(); }
    EventLoop::Clock::time_point acceptedAt() const { return _acceptedAt; }

  private:
    enum class State {
        Handshaking, ///< the TLS handshake
        Idle,        ///< between two requests
        Receiving,   ///< a request
        Answering,   ///< somebody else has the request
        Sending,     ///< the answer
        Streaming,   ///< what follows it, as it comes
        Draining,    ///< everything is said: what the client still sends is dropped until it closes
        Ended,
    };

    void onReady(Stream& stream) override;
    void onTurn() override;
    bool needsTurn() const;
    void handshake();
    void count(HandshakeResult result);
    void receive();
    bool receiveSome();
    void readRequest();
    void submit(std::optional<HttpError> problem);
    void flush();
    void onSent();
    void beginStream();
    void stream();
    void onStreamTime();
    void dropInput();
    void drain();
    void onDeadline();
    void enter(State state, std::chrono::milliseconds atMost);

    EventLoop& _loop;
    ClientConnectionOwner& _owner;
    std::unique_ptr<SocketStream> _stream;
    const TlsStream* _tls; ///< the stream, if it has TLS
    const EventLoop::Clock::time_point _acceptedAt = _loop.now();
    const std::string _address;
    Timer _deadline;
    RequestReader _reader;
    State _state = State::Handshaking;
    std::shared_ptr<AnswerStream> _answerStream; ///< behind the answer that is being sent
    std::size_t _unsentBefore = 0;               ///< while streaming: at the last heartbeat
    std::size_t _dropped = 0;                    ///< bytes, while draining
    bool _isOfKnownCaller = false;
    bool _asksAsKnown = false; ///< with the request that is being answered
    bool _waitsForTurn = false;
    bool _keepsAlive = false; ///< after the answer that is being sent
    bool _stopping = false;
};

} // namespace connector
