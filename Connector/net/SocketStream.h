#pragma once

#include "base/Descriptor.h"
#include "net/DescriptorBudget.h"
#include "net/EventLoop.h"
#include "net/Stream.h"
#include "net/TcpOptions.h"
#include "net/Timer.h"

#include <memory>
#include <vector>

namespace connector {

/// A stream over a TCP connection of its own.
///
/// It knows from the events it has seen whether the kernel has something for it, so that asking in vain costs
/// no system call.
class SocketStream : public Stream, private EventHandler {
  public:
    /// Takes over an accepted non-blocking socket and its place in the budget.
    SocketStream(Descriptor socket, const Poco::Net::SocketAddress& peer, DescriptorBudget::Lease lease);

    /// Takes over a non-blocking socket that is still connecting to `peer`, or has just been connected by it
    /// to somebody else.
    SocketStream(Descriptor socket, const Poco::Net::SocketAddress& peer);

    ~SocketStream() override;

    bool attach(EventLoop& loop, StreamHandler& handler) final;
    void detach() final;

    /// Gives the connection away, attached to no loop. Only when nothing is kept; nothing but destroying the
    /// stream is of use then.
    Descriptor release();

    void again() final { _loop->again(*this); }

    /// Goes on with what comes before bytes: the TCP connection, then the TLS handshake. Ok when both are
    /// done.
    virtual Status handshake();

    /// Whether the handshake is more than the TCP connection.
    virtual bool hasHandshake() const { return false; }

    Status flush() final;
    std::size_t unsent() const final { return _unsent.size() - _unsentBegin; }
    Status endSending() override;
    void resetOnClose() final;
    int unacknowledged() const final;

    /// send() of two pieces, one behind the other, without copying them together.
    virtual Status sendBoth(std::span<const std::byte> head, std::span<const std::byte> tail) = 0;

    /// Sets TCP_NOTSENT_LOWAT: bytes that the kernel takes before it can send them, instead of
    /// TcpOptions::unsent. False when the kernel refuses.
    bool limitUnsent(int bytes);

    /// Gives a peer that is alive and takes nothing options.slowPeer, which the kernel would give no more
    /// than options.userTimeout: looks at it now and then, while something is outstanding. options: those of
    /// the socket; must outlive the stream.
    void bearSlowPeer(const TcpOptions& options) { _options = &options; }

    /// Only after bearSlowPeer().
    void probe() final;

    /// Whether something has come that receive() has not returned yet, or the end or a failure of the
    /// connection; no event need have told of it.
    virtual bool hasUnread();

    /// True when the peer has closed its sending side and the kernel holds nothing that it sent before.
    bool hasEndedUnread() const;

    bool isBroken() const final { return _isBroken; }
    std::string failure() const override;
    const Poco::Net::SocketAddress& peer() const final { return _peer; }

  protected:
    /// send() and receive() as the wire sees it.
    Status sendWire(std::span<const std::byte> bytes) { return sendWire(bytes, {}); }
    Status sendWire(std::span<const std::byte> head, std::span<const std::byte> tail);
    Received receiveWire(std::span<std::byte> into);

    /// False when receiveWire() would ask in vain.
    bool mayReceive() const { return _mayReceive; }

    Received failed(int error);

  private:
    void assertInLoopThread() const {
        if (_loop) _loop->assertInLoopThread();
    }
    void onEvents(std::uint32_t events) final;
    Received sendSome(std::span<const std::byte> head, std::span<const std::byte> tail);
    Status finishConnecting();
    void lookLater(std::chrono::milliseconds time);
    void look();
    void stopLooking();
    void breakConnection();

    Poco::Net::SocketAddress _peer;
    const TcpOptions* _options = nullptr; ///< null: it is not looked at
    std::unique_ptr<Timer> _look;         ///< to look at the peer; null while there is no need
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
    bool _isBorne = false; ///< the peer takes nothing, and is given more time
    bool _isProbed = false;
    bool _hasUrgent = false; ///< TCP's urgent data has come, at least once
};

} // namespace connector
