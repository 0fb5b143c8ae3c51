#pragma once

#include <Poco/Net/SocketAddress.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace connector {

class EventLoop;
class Stream;

/// Whoever a stream's events are for: a connection that waits for something, or a relay.
class StreamHandler {
  public:
    /// Something may be possible that was not before: receiving, sending, or the next step of a handshake.
    virtual void onReady(Stream& stream) = 0;

  protected:
    ~StreamHandler() = default;
};

/// A non-blocking stream of bytes to and from a peer; whoever uses it need not know what carries it, or
/// whether it is TLS.
///
/// On the thread of the loop it is attached to, or on any one thread while it is not attached.
class Stream {
  public:
    enum class Status {
        Ok,
        Blocked, ///< not now; the handler will be called when it may be worth another try
        Ended,   ///< the peer has closed its sending side, and all it sent was received
        Failed,  ///< the connection is broken
    };
    struct Received {
        Status status;
        std::size_t bytes; ///< more than 0 with Ok, else 0
    };

    /// Room that a receive() must be given so that a message is never cut in two: the largest TLS record (RFC
    /// 8446).
    static constexpr std::size_t kMaxMessage = 16 * 1024;

    /// Messages that a handler should receive in one go before the loop's other descriptors get their turn.
    static constexpr int kMessagesPerTurn = 64;

    Stream() = default;

    /// Closes the connection. What send() has kept is lost.
    virtual ~Stream() = default;

    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;

    /// From now on the handler hears of this stream's events, on that loop; it is not owned. Changing the
    /// handler on the same loop costs nothing. False when the kernel has no room for another watch.
    virtual bool attach(EventLoop& loop, StreamHandler& handler) = 0;

    /// Nobody hears of this stream's events, not even of those that the loop has fetched already; then it may
    /// go to another thread, or be destroyed.
    virtual void detach() = 0;

    /// Calls the handler again after the others that are ready, for one that stops in the middle of its work.
    virtual void again() = 0;

    /// What is received from this stream is sent to `receiver`, which lives as long: said by whoever joins
    /// the two, and again when they go on on another loop. A stream with flow control of its own learns from
    /// it how much has really arrived.
    virtual void deliversTo(const Stream& /* receiver */) {}

    /// Receives one message: a TLS record, or where nothing tells messages apart, what has come.
    virtual Received receive(std::span<std::byte> into) = 0;

    /// What receive() would return from next, where it is already; empty when it is not in memory, or nothing
    /// is there. Valid until the stream is used in any other way than to skip() it.
    virtual std::span<const std::byte> received() const { return {}; }

    /// Takes so many bytes of received(), as if they had been received.
    virtual void skip(std::size_t) {}

    /// Sends all of it. What can't go now is kept, in order, and is sent by flush(). Ok when nothing is kept,
    /// Blocked when something is.
    virtual Status send(std::span<const std::byte> bytes) = 0;
    Status send(std::string_view text) { return send(std::as_bytes(std::span(text))); }

    /// The same for messages that stand one behind the other in `bytes`, `lengths` of them: each goes as a
    /// record of its own (at most kMaxMessage bytes then), or without TLS in a write of its own.
    virtual Status sendMessages(std::span<const std::byte> bytes, std::span<const std::uint32_t> lengths) = 0;

    /// Sends what was kept. Ok when nothing is left.
    virtual Status flush() = 0;

    /// Bytes that are kept, as they are sent: of TLS, records.
    virtual std::size_t unsent() const = 0;

    /// Says to the peer that nothing more will come (close_notify, FIN); receiving goes on. Only when
    /// nothing is kept. Blocked: call it again.
    virtual Status endSending() = 0;

    /// Makes the destructor break the connection (of TCP: RST), so that the peer can't take it for an orderly
    /// end.
    virtual void resetOnClose() = 0;

    /// Bytes that were sent and that the peer (of TCP: its kernel) has not acknowledged yet.
    virtual int unacknowledged() const = 0;

    /// Has the kernel ask the peer's now whether it is there, and break the connection when no answer comes
    /// within a few seconds. For a stream that shares its connection with others, nothing.
    virtual void probe() {}

    /// True when the connection is known to be broken, though nobody has tried to use it since.
    virtual bool isBroken() const = 0;

    /// What the last Failed was about.
    virtual std::string failure() const = 0;

    virtual const Poco::Net::SocketAddress& peer() const = 0;
};

} // namespace connector
