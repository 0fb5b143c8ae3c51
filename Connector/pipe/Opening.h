#pragma once

#include "net/Timer.h"
#include "pipe/PipeLimits.h"
#include "protocol/AnswerReader.h"
#include "relay/RelayPeer.h"

#include <memory>
#include <string>

namespace connector {

/// The moment of PIPE/2 between two connections that wait and a relay: OPEN was sent to an agent, or by an
/// agent to Connector, with the opener's first bytes right behind it, and the answer is awaited. The opener
/// is not read meanwhile and its first bytes are kept, so that they can go to another agent if this
/// one turns out to be dead. Lives on its pipe's loop.
class Opening final : public std::enable_shared_from_this<Opening>, private StreamHandler {
  public:
    /// The pipe. Each function but onCrossed() ends the opening, which must be left to
    /// EventLoop::destroyLater().
    class Owner {
      public:
        /// The agent has said OPENED.
        virtual void onOpened(Opening& opening) = 0;
        /// The agent has said REFUSED and is idle again.
        virtual void onRefused(Opening& opening, const std::string& reason) = 0;
        /// The agent's connection is no good; nothing was lost.
        virtual void onAgentLost(Opening& opening, const std::string& why) = 0;
        /// An OPEN of the peer's own has come instead of an answer, and was dropped with its first
        /// bytes. Ours holds, and its answer is awaited still, unless the owner calls finish().
        virtual void onCrossed(Opening& opening) = 0;

      protected:
        ~Owner() = default;
    };

    /// agent: an idle agent of PIPE/2. All references must outlive the opening.
    Opening(EventLoop& loop, const PipeLimits& limits, RelayPeer agent, RelayPeer opener, Owner& owner);

    /// Sends OPEN. May call any function of the owner.
    void start();

    /// Closes both connections without a word to the owner.
    void cancel();

    /// Ends it and leaves both connections as they are: for an owner that answers the peer's OPEN
    /// instead, within onCrossed().
    void finish();

    /// Its two ends, for the owner once it is over. What the agent sent behind its answer is held in `agent`,
    /// the opener's first bytes in `opener`.
    RelayPeer agent;
    RelayPeer opener;

  private:
    void onReady(Stream& stream) override;
    void sendOpen();
    void readAnswer();
    void takeBytes(std::span<const std::byte> bytes);
    void lose(const std::string& why);

    EventLoop& _loop;
    const PipeLimits& _limits;
    Owner& _owner;
    bool _isOver = false;
    AnswerReader _answer;
    Timer _timer;
};

} // namespace connector
