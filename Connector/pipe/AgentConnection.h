#pragma once

#include "net/Stream.h"
#include "net/Timer.h"
#include "pipe/Greeting.h"
#include "pipe/Heartbeat.h"
#include "pipe/Mapping.h"
#include "pipe/PipeLimits.h"

#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace connector {

/// An agent's connection from the moment it is accepted until it is joined: it proves itself with the
/// passcode, then it waits and beats. Lives on its pipe's loop.
class AgentConnection final : private StreamHandler {
  public:
    enum class State {
        Authorizing,
        Waiting, ///< authorized, without a partner
        Holding, ///< the same, and has sent payload that is held for its partner
    };
    using List = std::list<std::unique_ptr<AgentConnection>>;

    /// The endpoint that the connection belongs to; it keeps it in a list for each state.
    class Owner {
      public:
        /// The passcode was right. True: the agent has one of the mapping's places now; false: all are taken.
        virtual bool admit(AgentConnection& agent) = 0;
        /// The agent has been told that it is authorized. It may have been joined when this returns.
        virtual void onWaiting(AgentConnection& agent) = 0;
        /// A waiting agent gave a sign of life.
        virtual void onHeard(AgentConnection& agent) = 0;
        /// The first payload of a waiting agent is held now. The agent may have been joined when this
        /// returns.
        virtual void onHolding(AgentConnection& agent) = 0;
        /// The connection is over. The owner takes it from its list and leaves it to
        /// EventLoop::destroyLater().
        virtual void onEnded(AgentConnection& agent, const std::string& why) = 0;

      protected:
        ~Owner() = default;
    };

    /// holdsPayload: payload of a waiting agent is held (private pipe), or dropped (public pipe).
    /// All references must outlive the connection.
    AgentConnection(EventLoop& loop, const PipeLimits& limits, const Endpoint& endpoint, bool holdsPayload,
                    std::unique_ptr<Stream> stream, Owner& owner);

    /// Begins to listen to the agent; may call onEnded.
    void start();

    /// Ends it, as if the agent had closed it; calls onEnded.
    void end(const std::string& why);

    State state() const { return _state; }
    Stream& stream() { return *_stream; }

    /// Leaves the stream to a relay; nothing but the destruction of this object may follow.
    std::unique_ptr<Stream> takeStream();
    std::vector<std::byte> takeHeld() { return std::move(_held); }

    /// Where its owner keeps it.
    List::iterator position;

  private:
    void onReady(Stream& stream) override;
    void readGreeting();
    void takePlace();
    void readWhileWaiting();
    void takeMessage(std::span<const std::byte> message);
    std::size_t roomToHold() const;
    void onTimer();
    void onSilent();

    EventLoop& _loop;
    const PipeLimits& _limits;
    const Endpoint& _endpoint;
    const bool _holdsPayload;
    std::unique_ptr<Stream> _stream;
    Owner& _owner;
    State _state = State::Authorizing;
    std::unique_ptr<Greeting> _greeting; ///< null once it is complete
    bool _isOver = false;                ///< joined or ended: the owner will destroy it
    EventLoop::Clock::time_point _greeted;
    Heartbeat _heartbeat;
    std::vector<std::byte> _held;
    Timer _timer;
};

} // namespace connector
