#pragma once

#include <chrono>
#include <cstdint>

namespace connector {

/// Decides on one connection whether a message has been delivered, and whether to send it again: what there
/// is to know of the receiver, without a socket and without a clock.
///
/// Of the stock agents, one line acknowledges every message and the other one none; and what that one gets
/// instead of a message it takes for the beginning of the next. So a receiver that is not known to
/// acknowledge, and doesn't acknowledge the first message, is sent nothing twice and is not acknowledged
/// anything, until it shows that it does acknowledge after all.
class Delivery {
  public:
    enum class Verdict {
        Repeat, ///< send it again
        Wait,   ///< sent often enough; but nobody may be there yet, and Connector holds it for whoever comes
        Delivered, ///< it has come, and ACKs of further copies are not to be expected any more
        Assumed,   ///< the receiver doesn't acknowledge: sent is all that can be known
        Failed,    ///< sent as often as it may be
    };

    /// How often a message is sent on a connection to a receiver that acknowledges.
    static constexpr int kTries = 5;
    /// From sending a message to sending it again; doubled with each further time.
    static constexpr std::chrono::milliseconds kFirstWait{1000};

    /// peerAcknowledges: what all connections to the same peer know of it, at first false; it must outlive
    /// this, is read, and kept up to date.
    explicit Delivery(bool& peerAcknowledges) : _peerAcknowledges(peerAcknowledges) {}

    /// Another message, or a probe, is to be sent.
    void begin();

    /// It was sent, once more.
    void sent();

    /// Whether to wait for ACK, and how long; else what was sent counts as delivered.
    bool waits() const { return receiver() != Receiver::Silent; }
    std::chrono::milliseconds wait() const;

    /// Something has come from the peer: it is there.
    void heard() { _isHeard = true; }
    bool isHeard() const { return _isHeard; }

    /// ACK has come. True when with that every copy of everything is acknowledged.
    bool acknowledged();

    /// ACK has not come in time.
    Verdict expired();

    /// The peer has sent the same message again: it waits for ACK.
    void repeatedToUs() { _receiver = Receiver::Acknowledges; }

    /// Whether to acknowledge what the peer sends.
    bool acknowledges() const { return waits(); }

    /// ACK was sent to it.
    void hasAcknowledged() { _isAcknowledged = true; }

    /// Whether the next message must be led by a probe: a receiver that doesn't acknowledge has taken our ACK
    /// for the beginning of a message, and must be made to drop it.
    bool mustProbe() const { return receiver() == Receiver::Unknown && _isAcknowledged; }

  private:
    enum class Receiver { Unknown, Acknowledges, Silent };

    Receiver receiver() const;

    bool& _peerAcknowledges;
    Receiver _receiver = Receiver::Unknown; ///< as this connection has shown it
    bool _isHeard = false;
    bool _hasSentAck = false; ///< the receiver, on this connection
    bool _isAcknowledged = false;
    int _tries = 0;
    // ACKs come in the order of what they are for, so that a late one is not taken for that of a later
    // message.
    std::uint64_t _open = 0;    ///< copies that were sent and are not acknowledged
    std::uint64_t _earlier = 0; ///< those of them that were open when the latest message began
    std::uint64_t _acks = 0;    ///< that have come since then
};

} // namespace connector
