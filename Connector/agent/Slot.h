#pragma once

#include "agent/AuthorizedDialer.h"
#include "net/SocketStream.h"
#include "net/Timer.h"
#include "relay/Heartbeat.h"
#include "relay/Relay.h"

#include <memory>
#include <string>

namespace connector {

/// What all slots of a pipe share.
struct SlotShared {
    DialShared& dial;
    std::chrono::milliseconds beatInterval;
    std::chrono::milliseconds absenceThreshold;
    /// Bytes of payload that a slot holds for a local end that is not there yet.
    std::size_t heldPayload;
};

/// One of the connections to Connector that a pipe of PIPE/1 holds. It dials, proves itself with the
/// passcode, waits and beats, until payload comes or it is taken into a relay; when the connection has failed
/// it dials anew after a rest. It lives as long as its pipe, on the pipe's loop.
class Slot final : private StreamHandler, private AuthorizedDialer::Owner, private Heartbeat::Owner {
  public:
    /// The pipe.
    class Owner {
      public:
        /// Authorized, and Connector hasn't begun a conversation with that. The slot may have been taken when
        /// this returns.
        virtual void onWaiting(Slot& slot) = 0;
        /// Connector has begun a conversation, and its first payload is held now. The slot may have been
        /// taken, or dialled anew, when this returns.
        virtual void onHolding(Slot& slot) = 0;
        /// The slot could not be connected or authorized, or has lost its connection; it dials anew by
        /// itself.
        virtual void onLost(Slot& slot, const std::string& why) = 0;

      protected:
        ~Owner() = default;
    };

    /// Both must outlive the slot.
    Slot(SlotShared& shared, Owner& owner);

    /// Dials, when its turn comes. Only before anything else, and when the relay that had the connection is
    /// done with it.
    void dial() { _dialer.dial(); }

    /// Ends a rest after a failure: there is reason to hope that it goes better now.
    void hurry() { _dialer.hurry(); }

    /// Takes the connection of a waiting or holding slot, as the end of a relay.
    RelayPeer take();

    /// Says no to the conversation that a holding slot was asked for. PIPE/1 knows no such word: the
    /// connection is broken, so that what is held can't be taken for delivered, and dialled anew.
    void refuse();

    /// The connection of a taken slot was no good: dials anew after a rest.
    void lose(const std::string& why);

  private:
    enum class State {
        Away,     ///< dials, or rests before it does, or its connection is a relay's
        Settling, ///< authorized: what has come with that is looked at first
        Waiting,
        Holding, ///< the same, and has received payload
    };

    void onAuthorized(std::unique_ptr<SocketStream> stream, const Authorization& authorization,
                      std::span<const std::byte> received) override;
    void onNotAuthorized(const std::string& why, const std::string& instance) override;
    void onReady(Stream& stream) override;
    Heartbeat::Settings heartbeat() const;
    void readWhileWaiting();
    void takeMessage(std::span<const std::byte> message);
    std::size_t roomToHold() const;
    void onSilent() override;
    void fail(const std::string& why);
    void failBroken();
    void dropStream();

    SlotShared& _shared;
    Owner& _owner;
    State _state = State::Away;
    AuthorizedDialer _dialer;
    std::unique_ptr<SocketStream> _stream;
    Messages _held;
    Heartbeat _heartbeat;
};

} // namespace connector
