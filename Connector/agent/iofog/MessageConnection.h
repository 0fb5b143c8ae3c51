#pragma once

#include "agent/iofog/AssumedMessages.h"
#include "agent/iofog/Delivery.h"
#include "agent/iofog/MessageQueue.h"
#include "agent/iofog/MessageReader.h"
#include "agent/iofog/RepetitionFilter.h"
#include "net/Stream.h"
#include "net/Timer.h"
#include "relay/Heartbeat.h"
#include "relay/RelayPeer.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace connector {

/// One authorized connection to Connector that carries ioMessages both ways, in PIPE/1 and framed as stock
/// agents do: one message at a time each way. Lives on its loop.
class MessageConnection final : private StreamHandler, private Heartbeat::Owner {
  public:
    /// The pipe.
    class Owner {
      public:
        /// A connection can take a message again. Not to be given one before this has returned.
        virtual void onFree() = 0;
        /// A message has come, without its header; it may be moved away. False when there is no room for it:
        /// then it is offered again by resume(), and nothing else is received.
        virtual bool onMessage(std::string& message) = 0;
        /// Something has come that was no message.
        virtual void onDamage(const std::string& what) = 0;
        /// The connection is over, and must be left to EventLoop::destroyLater().
        virtual void onOver(MessageConnection& connection, const std::string& why) = 0;

      protected:
        ~Owner() = default;
    };

    /// What isn't sent yet of ACKs: with more than that nothing is received, for the peer reads nothing.
    static constexpr std::size_t kMaxUnsentAcks = 64 * 1024;

    /// end: an authorized connection. peerAcknowledges: what all connections of the pipe know of the peer;
    /// see Delivery. All references must outlive it.
    MessageConnection(EventLoop& loop, RelayPeer peer, Owner& owner, bool& peerAcknowledges);
    ~MessageConnection();

    /// Begins to receive; only once. It may be over when this returns, as after every other function.
    void start();

    /// Whether it can take a message.
    bool isFree() const { return _state == State::Free; }

    /// Sends it, as often as it takes. Only when it is free.
    void send(BusMessage message);

    /// There may be room for what came.
    void resume();

    /// Whether a message or ACK has come.
    bool wasUsed() const { return _delivery.isHeard(); }

    /// The messages that are not known to have been delivered, the oldest first.
    std::vector<BusMessage> takeBack();

    /// How many more there are of them, which are not kept.
    std::size_t forgotten() const { return _assumed.forgotten(); }

  private:
    enum class State {
        Free,
        Sending,  ///< a message, or a probe in front of it
        Awaiting, ///< its ACK
        Resting,  ///< for a receiver that doesn't acknowledge
        Over,
    };

    void onReady(Stream& stream) override;
    void onSilent() override;
    void onTimer();
    void begin(std::string_view what);
    void sendMessage();
    void sendOn();
    void onSent();
    void onDelivered();
    void onAssumed();
    void becomeFree();
    bool mayReceive() const;
    void receive();
    void take(std::span<const std::byte> bytes);
    bool handle(MessageReader::Event event);
    bool deliver();
    void acknowledge();
    void onAck();
    void end(const std::string& why);
    void endBroken();

    EventLoop& _loop;
    Owner& _owner;
    std::unique_ptr<Stream> _stream;
    Heartbeat _heartbeat;
    const Heartbeat::Settings _beats;
    Timer _timer;
    MessageReader _reader;
    RepetitionFilter _repetitions;
    Delivery _delivery;
    State _state = State::Free;
    std::optional<BusMessage> _message; ///< that is being sent
    AssumedMessages _assumed;           ///< sent before it
    bool _isProbing = false;
    std::string_view _left; ///< of what is being sent
    bool _isEndSent = false;
    std::size_t _acksToSend = 0;    ///< when what is being sent is out
    bool _isStuck = false;          ///< there is no room for the reader's message
    std::vector<std::byte> _unread; ///< received, and behind that message
};

} // namespace connector
