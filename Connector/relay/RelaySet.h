#pragma once

#include "relay/Relay.h"

#include <atomic>
#include <memory>
#include <set>
#include <string>

namespace connector {

/// The relays of one pipe, wherever they run. Lives on its pipe's loop, and outlives its relays.
///
/// A relay begins on the pipe's loop, where a short one is over before moving it would have paid; one that
/// lasts moves, once, to the least busy loop if that is the better place, and so one pipe uses all loops.
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

    /// loop: the pipe's. All references must outlive the set.
    RelaySet(EventLoop& loop, RelayShared& shared, Owner& owner);

    /// Joins two connections.
    void join(RelayPeer first, RelayPeer second);

    /// Resets all connections; Owner::onRelayEnded is called for each relay.
    void abortAll(const std::string& why);

    bool isEmpty() const { return _relays.empty(); }

    /// Any thread.
    int count() const { return _count.load(std::memory_order_relaxed); }

    /// Any thread: payload that has come in at either end, of the relays that are over, too.
    const Relay::Bytes& bytes() const { return _bytes; }

  private:
    void onSettled(Relay& relay) override;
    void onEnded(const std::shared_ptr<Relay>& relay) override;
    void remove(const std::shared_ptr<Relay>& relay);

    EventLoop& _loop;
    RelayShared& _shared;
    Owner& _owner;
    std::set<std::shared_ptr<Relay>> _relays;
    bool _aborting = false;
    Relay::Bytes _bytes{};
    std::atomic<int> _count{0};
};

} // namespace connector
