#pragma once

#include "relay/Relay.h"

#include <atomic>
#include <memory>
#include <mutex>
#include <set>
#include <string>

namespace connector {

/// The relays of one pipe, wherever they run. Outlives them. Any thread, unless a function says otherwise.
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

    /// home: the pipe's loop. All references must outlive the set.
    RelaySet(EventLoop& home, RelayShared& shared, Owner& owner);

    /// Joins two connections, on the thread of `loop`, to which they are attached if to any. After abortAll()
    /// they are reset instead.
    void join(EventLoop& loop, RelayPeer first, RelayPeer second);

    /// Resets all connections; Owner::onRelayEnded is called for each relay. Once.
    void abortAll(const std::string& why);

    /// On the pipe's loop: whether all have ended, and the owner was told.
    bool isEmpty() const { return count() == 0; }

    int count() const { return _count.load(std::memory_order_relaxed); }

    /// Payload that has come in at either end, of the relays that are over, too.
    const Relay::Bytes& bytes() const { return _bytes; }

  private:
    void onSettled(Relay& relay) override;
    void onEnded(const std::shared_ptr<Relay>& relay) override;
    void remove(const std::shared_ptr<Relay>& relay);

    EventLoop& _home;
    RelayShared& _shared;
    Owner& _owner;
    std::mutex _mutex; ///< for the two that follow, and for which loop a relay is on
    std::set<std::shared_ptr<Relay>> _relays;
    bool _aborting = false;
    Relay::Bytes _bytes{};
    std::atomic<int> _count{0};
};

} // namespace connector
