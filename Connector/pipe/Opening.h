#pragma once

#include "http2/Http2Stream.h"
#include "model/ConnectionReport.h"
#include "net/Timer.h"
#include "relay/RelayPeer.h"

#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace connector {

/// The moment between a connection that has something to say and a relay: a stream was opened for it, its
/// first bytes were sent along, and the answer is awaited. It is not read meanwhile, and its first bytes are
/// kept, so that it can go to another connection if nobody has seen them. Lives on its session's loop.
class Opening final : private StreamHandler {
  public:
    /// Why a stream was not accepted.
    struct Refusal {
        int status; ///< HTTP's, for an opener that is a stream itself
        std::string reason;
        /// Who has said no, as Keeper::peerName() has it; empty when that wasn't the peer.
        std::string by{};
    };

    /// The most bytes that are sent before the answer (doc/protocol.md).
    static constexpr std::size_t kMaxFirstBytes = 64 * 1024;

    /// The pipe. Called on the opening's loop; each gives back the opener, attached to nobody.
    class Owner {
      public:
        /// The answer is yes, and took so long; stream is for the relay.
        virtual void onOpened(EventLoop& loop, RelayPeer opener, std::unique_ptr<Stream> stream,
                              EventLoop::Clock::duration took) = 0;
        /// The answer is no, or there is none.
        virtual void onRefused(EventLoop& loop, RelayPeer opener, const Refusal& refusal) = 0;
        /// Nobody has seen it, and its first bytes are there still.
        virtual void onNotProcessed(EventLoop& loop, RelayPeer opener, const std::string& why) = 0;

      protected:
        ~Owner() = default;
    };

    /// Whoever keeps the opening.
    class Keeper {
      public:
        /// It is over and must be left to EventLoop::destroyLater(). Comes before the owner is told.
        virtual void onOver(Opening& opening) = 0;
        /// What tells the peer from others, even behind the same proxy.
        virtual std::string peerName() const = 0;
        /// Whether the peer has been heard since then.
        virtual bool wasHeardSince(EventLoop::Clock::time_point then) const = 0;
        /// The peer has refused a stream without looking at it.
        virtual void onNotProcessed() = 0;
        /// The peer has not answered in time, and nothing else has come from it since.
        virtual void onNoSign() = 0;

      protected:
        ~Keeper() = default;
    };

    /// opener: attached to no loop. limit: for the answer. All references must outlive the opening.
    Opening(EventLoop& loop, std::chrono::milliseconds limit, RelayPeer opener,
            std::unique_ptr<Http2Stream> stream, Keeper& keeper, Owner& owner);

    /// Sends the first bytes. May call any function of the owner.
    void start();

    /// The connection that it was opened for; nothing when that is a stream of another connection.
    std::optional<ConnectionReport> report() const;

    /// Ends it, as if the stream had been refused for that reason.
    void end(const std::string& why);

  private:
    void onReady(Stream& stream) override;
    void takeFirstBytes();
    void onTimer();
    void finish();

    EventLoop& _loop;
    const std::chrono::milliseconds _limit;
    RelayPeer _opener;
    std::unique_ptr<Http2Stream> _stream;
    Keeper& _keeper;
    Owner& _owner;
    EventLoop::Clock::time_point _since;
    Timer _timer;
    bool _isOver = false;
};

} // namespace connector
