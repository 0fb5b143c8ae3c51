#pragma once

#include <chrono>
#include <cstdint>

namespace connector {

/// Decides on one connection whether a message has been delivered, and whether to send it again: what there
/// is to know of the receiver, without a socket and without a clock.
///
/// Of the stock agents, one line acknowledges every message and the other one none; and what that one gets
/// instead of a message it takes for the beginning of the next. So a receiver that doesn't acknowledge the
/// first message is sent nothing twice and is not acknowledged anything, until it shows that it does
/// acknowledge after all.
class Delivery {
  public:
    enum class Verdict {
        Repeat,  ///< send it again
        Assumed, ///< the receiver doesn't acknowledge: sent is all that can be known
        Failed,  ///< sent as often as it may be
    };

    /// How often a message is sent to a receiver that acknowledges.
    static constexpr int kTries = 5;
    /// From sending a message to sending it again; doubled with each further time.
    static constexpr std::chrono::milliseconds kFirstWait{1000};

    /// Another message, or a probe, is to be sent.
    void begin();

    /// It was sent, once more.
    void sent();

    /// Whether to wait for ACK, and how long; else what was sent counts as delivered.
    bool waits() const { return _receiver != Receiver::Silent; }
    std::chrono::milliseconds wait() const;

    /// ACK has come. True when the latest message is delivered by that.
    bool acknowledged();

    /// ACK has not come in time.
    Verdict expired();

    /// The other end has sent the same message again: it waits for ACK.
    void repeatedToUs() { _receiver = Receiver::Acknowledges; }

    /// Whether to acknowledge what the other end sends.
    bool acknowledges() const { return waits(); }

    /// ACK was sent to it.
    void hasAcknowledged() { _isAcknowledged = true; }

    /// Whether the next message must be led by a probe: a receiver that doesn't acknowledge has taken our ACK
    /// for the beginning of a message, and must be made to drop it.
    bool mustProbe() const { return _receiver == Receiver::Unknown && _isAcknowledged; }

  private:
    enum class Receiver { Unknown, Acknowledges, Silent };

    Receiver _receiver = Receiver::Unknown;
    bool _isAcknowledged = false;
    int _tries = 0;
    // ACKs come in the order of what they are for, so that a late one is not taken for that of a later
    // message.
    std::uint64_t _sent = 0;
    std::uint64_t _acknowledged = 0;
    std::uint64_t _latest = 0; ///< the number of the latest message's first copy
};

} // namespace connector
