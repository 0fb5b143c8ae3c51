#pragma once

#include "http2/ConnectRequest.h"
#include "http2/FrameBudgets.h"
#include "http2/Http2Limits.h"
#include "http2/Http2Stream.h"
#include "http2/WindowTuner.h"
#include "net/BufferedBytes.h"
#include "net/SocketStream.h"
#include "net/Timer.h"

#include <chrono>
#include <memory>
#include <nghttp2/nghttp2.h>
#include <optional>
#include <string>
#include <vector>

namespace connector {

/// An HTTP/2 session (RFC 9113) over one connection, whose streams are opened with CONNECT: PIPE/2 behind its
/// greeting, at both ends. nghttp2 knows the protocol; this class moves the bytes, on one loop.
///
/// All that a round of the loop brings forth is sent at its end, in as few writes as it takes, except for
/// large pieces, which go at once. What the connection doesn't take is not asked for: it waits in the
/// streams, which take turns, 128 KiB at a time, so that a small message is never far behind.
///
/// The connection's own window is as large as can be, so that only the windows of streams ever block.
class Http2Session final : private StreamHandler, private EventHandler {
  public:
    /// Who opens streams is HTTP/2's client, whoever has dialled.
    enum class Role { Opens, Serves };

    /// When a peer is asked for a sign of life, and when it is given up.
    struct Liveness {
        /// A PING is sent when nothing has come for so long; 0: never.
        std::chrono::milliseconds pingAfter{0};
        /// The session ends when nothing has come for so long; 0: never.
        std::chrono::milliseconds absenceThreshold{0};
    };

    /// Whoever uses the session. Called on its loop.
    class Owner {
      public:
        /// The peer has opened a stream, which must be accepted or refused (Role::Serves).
        virtual void onConnect(std::unique_ptr<Http2Stream> stream, const ConnectRequest& request) = 0;
        /// Something has come from the peer.
        virtual void onHeard() = 0;
        /// One more stream may be open at the peer's: the handle of one was destroyed.
        virtual void onStreamDestroyed() = 0;
        /// How many streams the peer allows to be open (Role::Opens); more of them wait with the session.
        virtual void onMostStreams(std::size_t streams) = 0;
        /// No more streams can be opened, by either side; those that are open go on.
        virtual void onGoingAway() = 0;
        /// The session is over, and so are its streams. Called once; the session must be left to
        /// EventLoop::destroyLater().
        virtual void onEnded(const std::string& why) = 0;

      protected:
        ~Owner() = default;
    };

    /// What sessions have in common; what it refers to must outlive them.
    struct Context {
        const Http2Limits& limits;
        BufferedBytes& buffered;
    };

    /// transport: connected, attached to no other loop than `loop`, and with nothing unsaid of what comes
    /// before HTTP/2. owner must outlive the session. On the loop's thread, as are all other functions
    /// unless they say otherwise. Throws std::bad_alloc.
    Http2Session(EventLoop& loop, std::unique_ptr<SocketStream> transport, Role role,
                 const Liveness& liveness, Context context, Owner& owner);
    ~Http2Session();

    /// Begins to speak. received: bytes of HTTP/2 that have come already. May call any function of the owner.
    void start(std::span<const std::byte> received);

    /// Whether streams can be opened: it has not ended, nor is it going away.
    bool mayOpen() const { return !_isOver && !_isClosing && !_isGoingAway; }

    /// Opens a stream, while it may (Role::Opens). What is sent on it goes along with the request. Null when
    /// there is no memory.
    std::unique_ptr<Http2Stream> open(const ConnectRequest& request);

    /// Lets no more streams be opened (GOAWAY); ends when there are none any more.
    void goAway();

    /// Ends at once: breaks the connection. Calls onEnded().
    void end(const std::string& why);

    /// Stream::probe() of its connection.
    void probe() { _transport->probe(); }

    const Poco::Net::SocketAddress& peer() const { return _transport->peer(); }

    /// Payload of all streams, the earlier ones included.
    std::uint64_t payloadReceived() const { return _payloadReceived; }
    std::uint64_t payloadSent() const { return _payloadSent; }

  private:
    friend class Http2Stream;
    struct Callbacks;
    struct Free {
        void operator()(nghttp2_session* session) const { ::nghttp2_session_del(session); }
    };

    void onReady(Stream& transport) override;
    void onEvents(std::uint32_t events) override;
    void submitSettings();
    void receive();
    Stream::Received fillBuffer();
    void settleReceived();
    bool takeIn(std::span<const std::byte> bytes);
    void deliver();
    void deliverArrived();
    void flush();
    bool fillBatch();
    void settle();
    void schedule();
    void check();
    void checkClosing();
    void endSending();
    void finish(const std::string& why);
    void finishLater(const std::string& why);
    void close(const std::string& why);
    void failAll(const std::string& why);
    void misbehaved(const std::string& how);
    void onFrame(const nghttp2_frame& frame);
    void onAnswer(Http2Stream& stream);
    void onRequest(Http2Stream& stream);
    void onStreamClosed(Http2Stream& stream, std::uint32_t error);

    std::unique_ptr<Http2Stream> makeStream();
    Http2Stream* find(std::int32_t id) const;
    void markReady(Http2Stream& stream);
    void skipOut(Http2Stream& stream, std::size_t bytes);
    void resume(Http2Stream& stream);
    void respond(Http2Stream& stream, int status, const std::string& reason);
    void consumed(Http2Stream& stream, std::size_t bytes);
    void release(Http2Stream& stream);
    void leave(Http2Stream& stream);

    EventLoop& _loop;
    std::unique_ptr<SocketStream> _transport;
    const Role _role;
    const Liveness _liveness;
    const Context _context;
    Owner& _owner;
    std::unique_ptr<nghttp2_session, Free> _session;
    std::vector<Http2Stream*> _streams;
    std::vector<Http2Stream*> _ready;
    std::vector<Http2Stream*> _delivering;
    std::vector<Http2Stream*> _fed; ///< with something in the receive buffer
    std::vector<std::unique_ptr<Http2Stream>>
        _arriving;                                      ///< opened by the peer, whose request is not complete
    std::vector<std::unique_ptr<Http2Stream>> _arrived; ///< the same, and it is, but nobody was told
    FrameBudgets _budgets;
    WindowTuner _windows;
    EventLoop::Clock::time_point _lastHeard;
    Timer _timer;
    std::string _why;         ///< it is about to end
    std::string _finishLater; ///< when streams have been delivered
    std::uint64_t _payloadReceived = 0;
    std::uint64_t _payloadSent = 0;
    bool _isPingAwaited = false;
    bool _isScheduled = false;
    bool _isDelivering = false;
    bool _hasNewSettings = false;
    bool _isGoingAway = false;
    bool _hasToldGoingAway = false;
    bool _isClosing = false;     ///< all is said, and the peer may still read it
    bool _hasSaidEnd = false;    ///< the same, and that it was all
    std::size_t _leftBefore = 0; ///< the same: what it had not read yet when that was last looked at
    bool _hasMisbehaved = false;
    bool _isDoomed = false; ///< it ends, but nobody could be told yet
    bool _isOver = false;
};

} // namespace connector
