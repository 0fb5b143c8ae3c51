#pragma once

#include "agent/Backoff.h"
#include "agent/DialTurns.h"
#include "agent/Dialer.h"
#include "agent/Remote.h"
#include "net/Stream.h"
#include "net/Timer.h"
#include "protocol/IdleReader.h"
#include "relay/Heartbeat.h"
#include "relay/Relay.h"

#include <memory>
#include <random>
#include <string>
#include <vector>

namespace connector {

/// What all slots of a pipe share.
struct SlotShared {
    EventLoop& loop;
    Resolver& resolver;
    Remote connector;
    /// Protocol::Pipe1 or Protocol::Pipe2.
    Protocol protocol;
    std::string passcode;
    /// In PIPE/2 Connector may ask for more beats.
    std::chrono::milliseconds beatInterval;
    std::chrono::milliseconds absenceThreshold;
    /// Bytes of payload that a slot holds for a local end that is not there yet.
    std::size_t heldPayload;
    DialTurns turns;
    std::minstd_rand random;
};

/// One of the connections to Connector that a pipe holds. It dials, proves itself with the passcode, waits
/// and beats, until payload comes or it is taken into a relay; when the connection has failed it dials anew
/// after a rest. It lives as long as its pipe, on the pipe's loop.
class Slot final : private StreamHandler,
                   private Dialer::Owner,
                   private DialTurns::Waiter,
                   private Heartbeat::Owner {
  public:
    /// The pipe.
    class Owner {
      public:
        /// Authorized, or idle again, and Connector hasn't begun a conversation with that. The slot may have
        /// been taken when this returns.
        virtual void onWaiting(Slot& slot) = 0;
        /// Connector has begun a conversation, and its first payload is held now. The slot may have been
        /// taken, refused, or dialled anew, when this returns.
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
    void dial();

    /// Takes the connection of a waiting or holding slot, as the end of a relay.
    RelayPeer take();

    /// Of a holding slot: whom the conversation is for, as OPEN has said it; "" in PIPE/1.
    const std::string& visitor() const { return _visitor; }

    /// Says no to the conversation that a holding slot was asked for. In PIPE/2 it waits again; PIPE/1 knows
    /// no such word, and the connection is broken, so that what is held can't be taken for delivered, and
    /// dialled anew.
    void refuse(const std::string& reason);

    /// Takes back the connection of a taken slot that was not joined after all.
    void putBack(RelayPeer peer);

    /// The connection of a taken slot was no good: dials anew after a rest.
    void lose(const std::string& why);

  private:
    enum class State {
        Queued, ///< waits for its turn to dial
        Dialling,
        Authorizing,
        Settling, ///< authorized, or idle again: what has come with that is looked at first
        Waiting,
        Holding, ///< the same, and has received payload
        Taken,   ///< the connection is a relay's
        Resting, ///< has failed
    };

    void onTurn() override;
    void onDialled(std::unique_ptr<SocketStream> stream) override;
    void onDialFailed(const std::string& why) override;
    void onReady(Stream& stream) override;
    void readAnswer();
    bool takeAnswer(std::span<const std::byte>& bytes);
    void onAuthorized(std::span<const std::byte> rest);
    Heartbeat::Settings heartbeat() const;
    void readWhileWaiting();
    void takeBytes(std::span<const std::byte> bytes);
    void takePipe1Message(std::span<const std::byte> message);
    void takePipe2Bytes(std::span<const std::byte> bytes);
    void startWaiting(std::span<const std::byte> received);
    bool isAuthorized() const;
    std::size_t roomToHold() const;
    void onTimer();
    void onSilent() override;
    void fail(const std::string& why);
    void failBroken();
    void dropStream();

    SlotShared& _shared;
    Owner& _owner;
    State _state = State::Taken;
    Dialer _dialer;
    Backoff _backoff;
    std::unique_ptr<Stream> _stream;
    EventLoop::Clock::time_point _deadline;           ///< for being authorized
    std::string _answer;                              ///< what has come of AUTHORIZED
    LineReader _lines;                                ///< the same in PIPE/2
    std::chrono::milliseconds _connectorThreshold{0}; ///< what AUTHORIZED/2 has said
    IdleReader _idle;
    std::string _visitor;
    Messages _held;
    Heartbeat _heartbeat;
    Timer _timer;
};

} // namespace connector
