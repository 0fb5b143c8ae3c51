#pragma once

#include "agent/AgentConfiguration.h"
#include "agent/Backoff.h"
#include "agent/ConnectorAddress.h"
#include "agent/Resolver.h"
#include "net/Timer.h"

#include <Poco/Logger.h>

#include <memory>
#include <random>
#include <string>
#include <vector>

namespace connector {

/// Follows the addresses of a pipe's hosts: names are looked up again and again, and soon when there is
/// reason to. A name that can't be looked up, or has no address, keeps those that it had; an address goes
/// when two answers in a row lack it. A host behind a proxy has one address, whatever the proxy makes of it.
/// Lives on its pipe's loop.
///
/// How long an answer is good for is not asked: getaddrinfo(3) doesn't tell. It knows hosts(5), mDNS and
/// whatever else nsswitch.conf(5) has, which a library that speaks DNS by itself does not.
class ConnectorHosts {
  public:
    /// The pipe.
    class Owner {
      public:
        /// These are the addresses from now on.
        virtual void onAddresses(const ConnectorAddresses& addresses) = 0;

      protected:
        ~Owner() = default;
    };

    /// name: what the log calls the pipe. All references must outlive it.
    ConnectorHosts(EventLoop& loop, Resolver& resolver, Poco::Logger& log, std::string name, Owner& owner);
    ~ConnectorHosts();

    /// Looks these hosts up, the first time at once; those that it followed before keep what is known of
    /// them. The owner may be called before this returns.
    void follow(const AgentPipeSettings& settings);

    /// Addresses may have changed: looks them up soon.
    void lookSoon();

    /// The owner is not called any more.
    void stop();

  private:
    class Host;

    void lookUp();
    void onAnswer(const Host& host, const std::string& earlierFailure);
    ConnectorAddresses found() const;
    void publish();
    void plan();
    void startTimer(std::chrono::milliseconds delay);

    EventLoop& _loop;
    Resolver& _resolver;
    Poco::Logger& _log;
    const std::string _name;
    Owner& _owner;
    std::uint16_t _port = 0;
    std::chrono::milliseconds _interval{0};
    std::size_t _most = 0;
    std::vector<std::unique_ptr<Host>> _hosts;
    ConnectorAddresses _held;
    std::size_t _leftOut = 0; ///< addresses beyond the most
    std::minstd_rand _random;
    Backoff _backoff;
    bool _isAsking = false;  ///< some names are still to be asked for
    bool _isResting = false; ///< the timer ends a rest: a name has no address
    Timer _timer;
    EventLoop::Clock::time_point _lookedUp;
    EventLoop::Clock::time_point _due; ///< when the timer fires
};

} // namespace connector
