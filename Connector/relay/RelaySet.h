#pragma once

#include "base/Lifeline.h"
#include "relay/Relay.h"

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace connector {

/// The relays of one pipe, wherever they run. Each holds on to the pipe's lifeline until the owner was told
/// of its end. Any thread, unless a function says otherwise.
///
/// A relay of two sockets begins on the pipe's loop, where a short one is over before moving it would have
/// paid; one that lasts moves, once, to the least busy loop if that is the better place, and so one pipe uses
/// all loops. A relay with a stream of HTTP/2 runs on the loop of the stream's session.
class RelaySet final : private Relay::Owner {
  public:
    /// The pipe.
    class Owner {
      public:
        /// A relay is over and its connections are closed. On the pipe's loop.
        virtual void onRelayEnded(const Relay& relay) = 0;

      protected:
        ~Owner() = default;
    };

    /// home: the pipe's loop. lifeline: the pipe's. All references must outlive the set, and it must outlive
    /// what holds on to the lifeline.
    RelaySet(EventLoop& home, const Lifeline& lifeline, RelayShared& shared, Owner& owner);

    /// Joins two connections, on the thread of `loop`, to which they are attached if to any. After abortAll()
    /// they are reset instead.
    void join(EventLoop& loop, RelayPeer first, RelayPeer second);

    /// Resets all connections; Owner::onRelayEnded is called for each relay. Once.
    void abortAll(const std::string& why);

    /// Calls the function for each relay, on its loop, soon. One that moves or ends meanwhile may be left
    /// out.
    void forEach(const std::function<void(Relay&)>& function);

    int count() const { return _count.load(std::memory_order_relaxed); }

    const PipeTraffic& traffic() const { return _traffic; }

    /// Bounds the traffic of the relays that are there and will be. limits: with idle and bandwidth given.
    void limitTraffic(const TrafficLimits& limits);

    /// Ends the relay that has been idle the longest, if it has for `idle` at least, of those whose peer on
    /// that side has an address of that owner (ownerOf()). False when there is none.
    bool endIdle(std::size_t side, const std::string& owner, std::chrono::milliseconds idle,
                 const std::string& why);

    /// Tells of the relays' connections, each by `tell` on its relay's loop, soon, of at most so many relays.
    void report(std::size_t most, const std::function<void(ConnectionReport)>& tell);

    /// Resets the relay that has the connection with that number, soon, and tells of that connection. False
    /// when there is none.
    bool end(std::uint64_t number, const std::string& why, const std::function<void(ConnectionReport)>& tell);

  private:
    using Relays = std::map<std::shared_ptr<Relay>, Lifeline::Hold>;

    using Held = std::pair<std::shared_ptr<Relay>, Lifeline::Hold>;

    void runIn(EventLoop& loop, const std::vector<Held>& relays, const std::function<void(Relay&)>& function);
    bool isIn(const EventLoop& loop, const std::shared_ptr<Relay>& relay);
    void postTo(const std::shared_ptr<Relay>& relay, const Lifeline::Hold& hold,
                std::function<void(Relay&)> function);
    void onSettled(Relay& relay) override;
    void onEnded(const std::shared_ptr<Relay>& relay) override;
    Relays::node_type extract(const std::shared_ptr<Relay>& relay);
    void remove(const std::shared_ptr<Relay>& relay);

    EventLoop& _home;
    const Lifeline& _lifeline;
    RelayShared& _shared;
    Owner& _owner;
    std::mutex _mutex; ///< for the two that follow, and for which loop a relay is on
    Relays _relays;
    bool _aborting = false;
    PipeTraffic _traffic;
    std::atomic<int> _count{0};
};

} // namespace connector
