#pragma once

#include "base/Descriptor.h"
#include "net/DescriptorBudget.h"
#include "net/EventLoop.h"

#include <Poco/Net/SocketAddress.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace connector {

class Stream;

/// Whoever a stream's events are for: a connection that waits for something, or a relay.
class StreamHandler {
  public:
    /// Something may be possible that was not before: receiving, sending, or the next step of a handshake.
    virtual void onReady(Stream& stream) = 0;

  protected:
    ~StreamHandler() = default;
};

/// A non-blocking stream of bytes over a TCP connection; whoever uses it need not know whether it is TLS.
///
/// It knows from the events it has seen whether the kernel has something for it, so that asking in vain costs
/// no system call. On the thread of the loop it is attached to, or on any one thread while it is not
/// attached.
class Stream : private EventHandler {
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

    /// Takes over an accepted non-blocking socket and its place in the budget.
    Stream(Descriptor socket, const Poco::Net::SocketAddress& peer, DescriptorBudget::Lease lease);

    /// Takes over a non-blocking socket that is still connecting to `peer`.
    Stream(Descriptor socket, const Poco::Net::SocketAddress& peer);

    /// Closes the connection. What send() has kept is lost.
    virtual ~Stream();

    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;

    /// From now on the handler hears of this stream's events, on that loop; it is not owned. Changing the
    /// handler on the same loop costs nothing. False when the kernel has no room for another watch.
    bool attach(EventLoop& loop, StreamHandler& handler);

    /// Nobody hears of this stream's events, and it may go to another thread.
    void detach();

    /// Nobody hears of this stream's events; only EventLoop::destroyLater() or the destructor may follow.
    void retire();

    /// Calls the handler again after the others that are ready, for one that stops in the middle of its work.
    void again() { _loop->again(*this); }

    /// Goes on with what comes before bytes: the TCP connection, then the TLS handshake. Ok when both are
    /// done.
    virtual Status handshake();

    /// Receives one message: a TLS record, or what one recv(2) returns.
    virtual Received receive(std::span<std::byte> into) = 0;

    /// Sends all of it. What the kernel does not take now is kept, in order, and is sent by flush().
    /// Ok when nothing is kept, Blocked when something is.
    virtual Status send(std::span<const std::byte> bytes) = 0;
    Status send(std::string_view text) { return send(std::as_bytes(std::span(text))); }

    /// The same for messages that stand one behind the other in `bytes`, `lengths` of them: each goes as a
    /// record of its own (at most kMaxMessage bytes then), or without TLS in a write of its own.
    virtual Status sendMessages(std::span<const std::byte> bytes, std::span<const std::uint32_t> lengths) = 0;

    /// Sends what was kept. Ok when nothing is left.
    Status flush();

    /// Bytes that are kept, as they are sent: of TLS, records.
    std::size_t unsent() const { return _unsent.size() - _unsentBegin; }

    /// Says to the peer that nothing more will come (close_notify, FIN); receiving goes on. Only when
    /// nothing is kept. Blocked: call it again.
    virtual Status endSending();

    /// Makes the destructor break the connection (RST), so that the peer can't take it for an orderly
    /// end.
    void resetOnClose();

    /// Bytes that the peer's kernel has not acknowledged yet.
    int unacknowledged() const;

    /// Whether something has come that receive() has not returned yet, or the end or a failure of the
    /// connection; no event need have told of it.
    virtual bool hasUnread();

    /// True when the peer has closed its sending side and the kernel holds nothing that it sent before.
    bool hasEndedUnread() const;

    /// True when the connection is known to be broken, though nobody has tried to use it since.
    bool isBroken() const { return _isBroken; }

    /// What the last Failed was about.
    virtual std::string failure() const;

    const Poco::Net::SocketAddress& peer() const { return _peer; }

  protected:
    /// send() and receive() as the wire sees it.
    Status sendWire(std::span<const std::byte> bytes);
    Received receiveWire(std::span<std::byte> into);

    /// False when receiveWire() would ask in vain.
    bool mayReceive() const { return _mayReceive; }

    Received failed(int error);

  private:
    void assertInLoopThread() const {
        if (_loop) _loop->assertInLoopThread();
    }
    void onEvents(std::uint32_t events) final;
    Received sendSome(std::span<const std::byte> bytes);
    Status finishConnecting();

    Poco::Net::SocketAddress _peer;
    EventLoop* _loop = nullptr;
    StreamHandler* _handler = nullptr;
    std::vector<std::byte> _unsent;
    std::size_t _unsentBegin = 0;
    DescriptorBudget::Lease _lease; ///< given back once the descriptor is closed
    Descriptor _socket;
    int _error = 0;
    bool _connected;
    /// What the events have told, and no system call has disproved since.
    bool _mayReceive = false;
    bool _maySend;
    /// The peer has closed or broken the connection: its last bytes and the end come without further
    /// events.
    bool _peerHasEnded = false;
    bool _isBroken = false;
    bool _hasUrgent = false; ///< TCP's urgent data has come, at least once
};

} // namespace connector
