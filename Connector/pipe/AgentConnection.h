#pragma once

#include "net/Stream.h"
#include "net/Timer.h"
#include "pipe/Greeting.h"
#include "pipe/Heartbeat.h"
#include "pipe/IdleReader.h"
#include "pipe/Mapping.h"
#include "pipe/PipeLimits.h"
#include "pipe/RelayEnd.h"

#include <list>
#include <memory>
#include <string>
#include <vector>

namespace connector {

/// An agent's connection while it is not joined: it proves itself with the passcode, then it waits and beats,
/// and may begin a conversation. Lives on its pipe's loop.
class AgentConnection final : private StreamHandler, private Heartbeat::Owner {
  public:
    enum class State {
        Authorizing,
        Waiting, ///< authorized, without a partner
        Holding, ///< has begun a conversation, and its first bytes are held until there is a partner
    };
    using List = std::list<std::unique_ptr<AgentConnection>>;

    /// The endpoint that the connection belongs to; it keeps it in a list for each state.
    class Owner {
      public:
        /// The passcode was right. True: the agent has one of the mapping's places now; false: all are taken.
        virtual bool admit(AgentConnection& agent) = 0;
        /// The state has changed. The agent may have been joined when this returns.
        virtual void onStateChanged(AgentConnection& agent, State before) = 0;
        /// A waiting agent gave a sign of life.
        virtual void onHeard(AgentConnection& agent) = 0;
        /// The connection is over. The owner takes it from its list and leaves it to
        /// EventLoop::destroyLater().
        virtual void onEnded(AgentConnection& agent, const std::string& why) = 0;

      protected:
        ~Owner() = default;
    };

    /// What all connections of an endpoint have in common; its members must outlive them.
    struct Context {
        EventLoop& loop;
        const PipeLimits& limits;
        const Endpoint& endpoint;
        /// Whether agents may begin conversations here (private pipe). Where they may not, payload of a
        /// waiting agent of PIPE/1 is dropped.
        bool mayBegin;
        Owner& owner;
    };

    /// A connection that was just accepted.
    AgentConnection(const Context& context, std::unique_ptr<Stream> stream);

    /// An authorized agent that was to be joined and was not: it waits again, or holds what it still has.
    AgentConnection(const Context& context, RelayEnd end);

    /// Begins to listen to the agent; may call any function of the owner.
    void start();

    /// Ends it, as if the agent had closed it; calls onEnded.
    void end(const std::string& why);

    State state() const { return _state; }
    Stream& stream() { return *_stream; }

    /// Leaves the connection to a relay, with all that was received from it; nothing but the destruction of
    /// this object may follow.
    RelayEnd takeEnd();

    /// The same, to be closed.
    std::unique_ptr<Stream> takeStream();

    /// Where its owner keeps it.
    List::iterator position;

  private:
    /// What has come since it waits. Most agents wait and say nothing, and there may be thousands.
    struct Begun {
        IdleReader idle;     ///< PIPE/2
        std::string visitor; ///< for whom it has begun a conversation, as OPEN names them
        std::vector<std::byte> held;
    };

    Begun& begun();
    void onReady(Stream& stream) override;
    void readGreeting();
    void takePlace();
    void readWhileWaiting();
    void takePipe1Message(std::span<const std::byte> message);
    void takePipe2Bytes(std::span<const std::byte> bytes);
    void takeIdleEvent(IdleReader::Event event);
    std::size_t roomToReceive() const;
    void enter(State state);
    void beginHolding();
    void refuseToOpen();
    void onTimer();
    void onSilent() override;

    const Context& _context;
    std::unique_ptr<Stream> _stream;
    std::unique_ptr<Greeting> _greeting; ///< null once it is complete
    EventLoop::Clock::time_point _greeted;
    std::unique_ptr<Begun> _begun;
    Heartbeat _heartbeat;
    Timer _timer;
    State _state = State::Authorizing;
    Protocol _protocol = Protocol::Pipe1;
    bool _isOver = false; ///< joined or ended: the owner will destroy it
};

} // namespace connector
