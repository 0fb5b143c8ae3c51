#pragma once

#include "base/LogLine.h"
#include "base/PeerAddress.h"
#include "base/Reloadable.h"
#include "model/ConnectionReport.h"
#include "net/BufferedBytes.h"
#include "net/EventLoops.h"
#include "net/Stream.h"
#include "net/Timer.h"
#include "relay/Heartbeat.h"
#include "relay/PipeTraffic.h"
#include "relay/RelayLimits.h"
#include "relay/RelayPeer.h"

#include <array>
#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace connector {

/// What all relays of a process share.
struct RelayShared {
    RelayShared(EventLoops& loops_, const RelayLimits& limits_)
        : loops(loops_), limits(limits_), buffered(limits_.buffered) {}

    /// From now on, for all relays.
    void limit(const RelayLimits& changed) {
        limits.replace(changed);
        buffered.limit(changed.buffered);
    }

    /// Those that a relay may run on.
    EventLoops& loops;
    Reloadable<RelayLimits> limits;
    /// What all relays, and the streams of HTTP/2 that are to be or were joined, keep at the moment.
    BufferedBytes buffered;
};

/// Two joined connections carrying bytes both ways.
///
/// Bytes go from one peer's socket through the loop's scratch buffer to the other's; only what the other does
/// not take at once is kept, and while anything is kept its source is not read. Between two agents of PIPE/1,
/// messages stay messages: each is sent as it was received.
///
/// When a peer closes its sending side, what was received is delivered, and the other one is told (FIN). The
/// other direction goes on until it is closed too; but not when a peer speaks PIPE/1, which knows no
/// half-close: then the relay is over, and the other one's input is read until it closes, so that no reset
/// destroys what it has not read yet. If it sent payload that can't be delivered any more, its connection is
/// reset once it has everything. When a peer breaks, what was received is delivered, then the other one is
/// reset.
///
/// Made on any thread; from start() on it lives on one loop alone, which may change once.
class Relay final : public std::enable_shared_from_this<Relay>, private StreamHandler {
  public:
    /// Whoever has made the relay. Called on the relay's loop.
    class Owner {
      public:
        /// The relay has been at work so often that it will be again: the one moment to moveTo() another
        /// loop.
        virtual void onSettled(Relay& relay) = 0;
        /// Both connections are closed.
        virtual void onEnded(const std::shared_ptr<Relay>& relay) = 0;

      protected:
        ~Owner() = default;
    };

    /// The streams must not be attached to another loop than `loop`. traffic: the pipe's. All references must
    /// outlive the relay.
    Relay(EventLoop& loop, RelayShared& shared, PipeTraffic& traffic, RelayPeer first, RelayPeer second,
          Owner& owner);
    ~Relay();

    /// On the loop's thread, once.
    void start();

    /// On the loop's thread: the bounds of its pipe's traffic were set, the bandwidth perhaps to another one.
    void onTrafficLimited(bool isOtherBandwidth);

    /// On the loop's thread: ends when what it has received is delivered.
    void leaveFor(const std::string& why);

    /// On the loop's thread: resets both connections and ends.
    void abort(const std::string& why);

    /// On the loop's thread: Stream::probe() for both connections.
    void probe();

    /// On the loop's thread, in onSettled() only: goes on on another loop. Functions that were posted to the
    /// former one for this relay, and have not run, would run on the wrong thread.
    void moveTo(EventLoop& loop);

    /// Any thread: when it last carried a byte; in the future when it is about to end.
    EventLoop::Clock::time_point lastByte() const { return _lastByte.load(std::memory_order_relaxed); }

    /// Any thread: leaveFor() is on its way.
    void expectEnd() { _lastByte.store(EventLoop::Clock::time_point::max(), std::memory_order_relaxed); }

    /// Any thread: who came by that port (RelayPeer::side).
    const Poco::Net::SocketAddress& peerOf(std::size_t side) const;

    /// Any thread: whether one of its connections has that number.
    bool has(std::uint64_t number) const;

    /// On the loop's thread: what it knows of its connections, but for streams of PIPE/2, unless it has
    /// ended.
    std::vector<ConnectionReport> reports() const;

    /// Where it runs; must not be asked while it may move.
    EventLoop& loop() { return *_loop; }

    /// Any thread: whom its first peer has begun the conversation for (RelayPeer::visitor).
    const std::string& visitor() const { return _sides.front().peer.visitor; }

    /// Once it has ended: payload bytes that came from each of its peers, and how long it ran.
    struct Totals {
        std::uint64_t fromFirst;
        std::uint64_t fromSecond;
        double seconds;
    };
    Totals totals() const;

    /// Once it has ended, for the log: who was joined, why it ended, payload bytes from either peer, how long
    /// it ran.
    LogLine summary(const std::string& mapping) const;

    /// Why it has ended, in words that are the same for all that have ended like it.
    const std::string& why() const { return _why; }

  private:
    struct Side final : Heartbeat::Owner {
        Side(Relay& relay_, RelayPeer&& peer_)
            : relay(relay_), peer(std::move(peer_)), address(peer.stream->peer()), bytes(peer.sentBefore) {}
        void onSilent() override { relay.onSilent(*this); }
        std::string name() const { return peer.name + (" " + inWords(address)); }
        bool isGone() const { return toldTheEnd && hasEnded; }
        Relay& relay;
        RelayPeer peer;
        Poco::Net::SocketAddress address;
        std::optional<Heartbeat> heartbeat;
        std::optional<Heartbeat::State> beats; ///< of the heartbeat on the former loop
        std::uint64_t bytes;                   ///< payload received from it
        std::size_t accounted = 0;
        bool hasEnded = false;   ///< its sending side: nothing more will come from it
        bool toldTheEnd = false; ///< our sending side: nothing more will go to it
        bool discarded = false;  ///< payload came from it that can't be delivered any more
        Bandwidth::Turn turn;    ///< when it may be read, if one is booked
    };
    enum class State { Relaying, Draining, Ended };

    bool attach();
    void checkIdle();
    bool hasTurn(Side& from);
    void bookTurn(Side& from);
    void startTurnTimer();
    void giveBackTurns();
    void onTurn();
    Bandwidth& bandwidthOf(const Side& from);
    void onReady(Stream& stream) override;
    void progress();
    void pump(Side& from, Side& to);
    bool forwardHeld(Side& from, Side& to);
    void deliverHeld();
    std::size_t mostFor(const Side& to) const;
    Stream::Status moveReceived(Side& from, Side& to, std::size_t most);
    Stream::Status movePayload(Side& from, Side& to);
    void forward(Side& from, Side& to, std::span<const std::byte> payload,
                 std::span<const std::uint32_t> messages);
    void account(Side& side);
    void onEnded(Side& from, Side& to);
    void passTheEnd(Side& from, Side& to);
    void onSilent(Side& side);
    void leave(std::string why, Side* broken);
    RelayPeer::Outcome outcomeOf(const Side& side) const;
    void drain();
    void tellTheEnd(Side& side);
    void discardInput(Side& side);
    void reportGone(Side& side);
    void checkLinger();
    std::size_t outstanding() const;
    void end();

    EventLoop* _loop;
    RelayShared& _shared;
    PipeTraffic& _traffic;
    Owner& _owner;
    std::array<Side, 2> _sides;
    const bool _halfCloses;
    const bool _keepsMessages;
    const bool _mayMove; ///< to another loop
    State _state = State::Relaying;
    bool _broken = false;
    bool _aborted = false;
    int _turns = 0; ///< calls of onReady(), until it has settled
    std::string _why;
    std::optional<std::size_t> _outstandingBefore; ///< nothing: not asked yet
    EventLoop::Clock::time_point _started;
    EventLoop::Clock::time_point _lastProgress;
    std::atomic<EventLoop::Clock::time_point> _lastByte;
    std::optional<Timer> _linger; ///< once it drains
    std::optional<Timer> _turn;   ///< once bandwidth was used up
    std::optional<Timer> _idle;   ///< while relays may not be idle for ever
};

} // namespace connector
