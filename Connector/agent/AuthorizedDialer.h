#pragma once

#include "agent/Backoff.h"
#include "agent/DialTurns.h"
#include "agent/Dialer.h"
#include "agent/Remote.h"
#include "net/SocketStream.h"
#include "net/Timer.h"
#include "protocol/Authorization.h"
#include "protocol/Refusal.h"

#include <memory>
#include <random>
#include <string>
#include <vector>

namespace connector {

/// What those that dial the same Connectors for one pipe share.
struct DialShared {
    EventLoop& loop;
    Resolver& resolver;
    /// At least one; of several, one is as good as another.
    std::vector<Remote> connectors;
    /// What is said first.
    std::string greeting;
    /// Whether the answer is a line, as in PIPE/2.
    bool isPipe2;
    DialTurns turns;
    std::minstd_rand random;
    /// Which of the Connectors is tried first: the one that authorized last.
    std::size_t preferred = 0;

    /// Connections that are made from now on speak TLS with this context.
    void use(const Poco::Net::Context::Ptr& tls);
};

/// Makes one connection to Connector at a time, when its turn comes, and proves itself with the passcode.
/// When that fails it tries the next Connector; when it has failed with all, it tries anew after a rest that
/// grows. Lives on its pipe's loop.
class AuthorizedDialer final : private StreamHandler, private Dialer::Owner, private DialTurns::Waiter {
  public:
    /// Whoever needs the connection.
    class Owner {
      public:
        /// The connection is there; its events still go nowhere. authorization: what Connector has said;
        /// empty in PIPE/1. received: what has come behind that, valid within the call.
        virtual void onAuthorized(std::unique_ptr<SocketStream> stream, const Authorization& authorization,
                                  std::span<const std::byte> received) = 0;
        /// It could not be made; the next attempt is to come. The owner may be told to rest instead (rest()).
        /// instance: of the Connector that has refused it, if that has said so.
        virtual void onNotAuthorized(const std::string& why, const std::string& instance) = 0;
        /// What its rests may grow to.
        virtual std::chrono::milliseconds longestRest() const { return Backoff::kLongest; }

      protected:
        ~Owner() = default;
    };

    /// Both must outlive it.
    AuthorizedDialer(DialShared& shared, Owner& owner);
    ~AuthorizedDialer();

    /// Dials, when its turn comes. Only when no other dialling is under way.
    void dial();

    /// The same after a rest.
    void dialLater();

    /// The same after a rest of this length. Only when it rests already, or nothing is under way.
    void rest(std::chrono::milliseconds length);

    /// There is reason to hope that it goes better now: ends a rest.
    void hurry();

  private:
    enum class State { Idle, Queued, Dialling, Authorizing, Resting };

    void onTurn() override;
    void onDialled(std::unique_ptr<SocketStream> stream) override;
    void onDialFailed(const std::string& why) override;
    void onReady(Stream& stream) override;
    void takeAnswer(std::span<const std::byte> bytes);
    void onTimer();
    void refused(const Refusal& refusal);
    void failUnauthorized(const std::string& why);
    void fail(const std::string& why, const std::string& instance = "");
    void dropStream();

    DialShared& _shared;
    Owner& _owner;
    State _state = State::Idle;
    std::size_t _current = 0; ///< the Connector that is tried
    std::size_t _failed = 0;  ///< those that were tried in vain since the last rest
    Dialer _dialer;
    Backoff _backoff;
    std::unique_ptr<SocketStream> _stream;
    EventLoop::Clock::time_point _deadline; ///< for being authorized
    std::string _answer;                    ///< what has come of it
    Timer _timer;
};

} // namespace connector
