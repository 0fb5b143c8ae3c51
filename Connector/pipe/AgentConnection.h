#pragma once

#include "base/Lifeline.h"
#include "base/Reloadable.h"
#include "model/Mapping.h"
#include "net/SocketStream.h"
#include "net/Timer.h"
#include "pipe/AgentRejection.h"
#include "pipe/Handshake.h"
#include "pipe/Newcomers.h"
#include "pipe/PipeLimits.h"
#include "protocol/Greeting.h"
#include "relay/Heartbeat.h"
#include "relay/Messages.h"
#include "relay/RelayPeer.h"

#include <cstdint>
#include <limits>
#include <list>
#include <memory>
#include <optional>
#include <string>

namespace connector {

/// An agent's connection while it is not joined: it proves itself with the passcode; then, in PIPE/1, it
/// waits and beats, and may begin a conversation. In PIPE/2 it is handed over. Lives on its pipe's loop.
class AgentConnection final : public Newcomer,
                              private StreamHandler,
                              private Heartbeat::Owner,
                              private Handshake::Owner {
  public:
    enum class State {
        Authorizing,
        Quieting,   ///< authorized, but sends the rest of an earlier visitor's answer, or is expected to
        Waiting,    ///< authorized, without a partner
        Doubtful,   ///< the same, and comes after those: its address is doubtful
        LastResort, ///< the same, and comes last: this connection may well be dead
        Holding,    ///< has begun a conversation, and its first bytes are held until there is a partner
    };
    static constexpr std::size_t kStates = 6;
    using List = std::list<std::unique_ptr<AgentConnection>>;

    /// The endpoint that the connection belongs to; it keeps it in a list for each state.
    class Owner {
      public:
        /// The passcode was wrong; onEnded() follows.
        virtual void onWrongPasscode(AgentConnection& agent) = 0;
        /// What the past of an agent's address has to say about it.
        struct Admission {
            bool mayBeStale = false; ///< it must be quiet for a while before it waits
            bool isSuspect = false;  ///< it is a last resort
        };
        /// The passcode was right; admit() follows.
        virtual void onRightPasscode(AgentConnection& agent) = 0;
        /// Whether one that was right may wait for a place: not too many do already.
        virtual bool mayWaitForPlace() const = 0;
        /// The passcode was right. The agent has one of the mapping's places now; nothing: all are taken.
        virtual std::optional<Admission> admit(AgentConnection& agent) = 0;
        /// An agent of PIPE/2 has been admitted. The owner takes the connection with takeStream(), says so to
        /// it, and goes on.
        virtual void onPipe2(AgentConnection& agent, bool opens) = 0;
        /// The state has changed. The agent may have been joined when this returns.
        virtual void onStateChanged(AgentConnection& agent, State before) = 0;
        /// An agent has sent what no visitor had asked for. Called once for each agent.
        virtual void onStaleBytes(AgentConnection& agent) = 0;
        /// The connection is over. The owner takes it from its list and leaves it to
        /// EventLoop::destroyLater().
        virtual void onEnded(AgentConnection& agent, const std::string& why, AgentRejection rejection) = 0;

      protected:
        ~Owner() = default;
    };

    /// What all connections of an endpoint have in common; its members must outlive them.
    struct Context {
        EventLoop& loop;
        Handshakes& handshakes;
        const Lifeline& lifeline;
        const Reloadable<PipeLimits>& limits;
        const Endpoint& endpoint;   ///< may change
        const Passcodes& passcodes; ///< the same
        /// Whether agents may begin conversations here (private pipe). Where they may not, payload of an
        /// agent that has no visitor is dropped, and the agent is given none any more: it is closed once it
        /// is quiet.
        bool mayBegin;
        /// PipeEnvironment::instance().
        const std::string& instance;
        /// 0 for port1, 1 for port2.
        std::size_t side;
        Owner& owner;
    };

    /// A connection that was just accepted. isKnown: agents were authorized from its address lately.
    /// hasTurn: see hasTurn().
    AgentConnection(const Context& context, std::unique_ptr<SocketStream> stream, bool isKnown, bool hasTurn);

    /// One that has said its greeting elsewhere: its handshake is done. startGreeted() begins.
    AgentConnection(const Context& context, std::unique_ptr<SocketStream> shaken, bool hasTurn);

    /// An agent that has begun a conversation and was to be joined, and was not: it holds what it has said.
    AgentConnection(const Context& context, RelayPeer peer);

    /// Begins to listen to the agent; may call any function of the owner.
    void start();

    /// The same for one that has said this greeting elsewhere.
    void startGreeted(const std::string& greeting);

    /// Stream::probe(), once it is authorized.
    void probe() { _stream->probe(); }

    /// Ends it, as if the agent had closed it; calls onEnded. rejection: if it is not authorized yet.
    void end(const std::string& why, AgentRejection rejection) override;
    void end(const std::string& why) { end(why, AgentRejection::Left); }

    State state() const { return _state; }

    /// Without a partner, and may be given one.
    bool waits() const {
        return _state == State::Waiting || _state == State::Doubtful || _state == State::LastResort;
    }

    /// Of a waiting agent, before it is joined: whether it still waits after all that it has sent by now was
    /// looked at. May change its state or end it.
    bool stillWaits();

    /// Whether it has missed a beat.
    bool isSilent() const;

    /// Moves a waiting agent on to Doubtful or LastResort, or from Doubtful back to Waiting. One that is a
    /// last resort because of its silence waits like others again when it is heard.
    void moveTo(State state) { enter(state); }

    /// Of the passcode that it has proved itself with (Passcodes); the highest before it has.
    int passcodeGeneration() const { return _passcodeGeneration; }

    /// Once it is authorized.
    ConnectionReport report() const;

    const ConnectionTag& tag() const { return _tag; }

    /// Whether its address is slowed, and it is its turn to be judged.
    bool hasTurn() const { return _hasTurn; }

    const Poco::Net::SocketAddress& peer() const { return _stream ? _stream->peer() : _handshake->peer(); }

    /// Leaves the connection to a relay, with all that was received from it; nothing but the destruction of
    /// this object may follow.
    RelayPeer takePeer();

    /// The same, to be closed or handed over; null when it is closed already, as its handshake is not done.
    std::unique_ptr<SocketStream> takeStream();

    /// Where its owner keeps it.
    List::iterator position;

  private:
    /// What has come before it is joined. Most agents wait and say nothing, and there may be thousands.
    struct Begun {
        Messages held;
        std::uint64_t staleBytes = 0; ///< that no visitor had asked for
        EventLoop::Clock::time_point staleSince;
    };

    Begun& begun();
    void onReady(Stream& stream) override;
    void onShaken(std::unique_ptr<SocketStream> stream) override;
    void onNotShaken(const std::string& why) override { end(why, AgentRejection::Handshake); }
    void readGreeting();
    void judge(Greeting::Verdict verdict);
    void takePlace();
    void refuse(const std::string& reason, AgentRejection rejection);
    void wait();
    void onHeard();
    void readWhileWaiting();
    void takeMessage(std::span<const std::byte> message);
    void dropStale(std::size_t bytes);
    void keepQuiet();
    void onQuiet();
    std::size_t roomToReceive() const;
    void enter(State state);
    void onTimer();
    void onSilent() override;

    const Context& _context;
    const ConnectionTag _tag;
    std::shared_ptr<Handshake> _handshake; ///< until it is done
    std::unique_ptr<SocketStream> _stream; ///< then
    std::unique_ptr<Greeting> _greeting;   ///< null once it is complete
    EventLoop::Clock::time_point _greetedAt;
    std::unique_ptr<Begun> _begun;
    Heartbeat _heartbeat;
    Timer _timer;
    State _state = State::Authorizing;
    Greeting::Verdict _greeted = Greeting::Verdict::Incomplete;
    int _passcodeGeneration = std::numeric_limits<int>::max();
    bool _isSuspect = false;
    bool _hasBeaten = false;
    bool _hasTurn = false;
    bool _isOver = false; ///< joined or ended: the owner will destroy it
};

} // namespace connector
