#include "relay/RelaySet.h"

namespace connector {

namespace {

/// So many more relays than the least busy loop has may be on the pipe's own, before the next one begins
/// there: short ones cost less here, but not when they wait for each other.
constexpr int kMoreAtHome = 32;

} // namespace

RelaySet::RelaySet(EventLoop& loop, RelayShared& shared, Owner& owner)
    : _loop(loop), _shared(shared), _owner(owner) {}

void RelaySet::join(RelayPeer first, RelayPeer second) {
    _loop.assertInLoopThread();
    auto& loop = _shared.loops.leastBusy(_loop, kMoreAtHome);
    if (&loop != &_loop) {
        first.stream->detach();
        second.stream->detach();
    }
    auto relay = std::make_shared<Relay>(loop, _shared, _bytes, std::move(first), std::move(second),
                                         static_cast<Relay::Owner&>(*this));
    _relays.insert(relay);
    _count.fetch_add(1, std::memory_order_relaxed);
    if (&loop == &_loop)
        relay->start();
    else
        loop.post([relay] { relay->start(); });
}

void RelaySet::abortAll(const std::string& why) {
    _loop.assertInLoopThread();
    _aborting = true;
    for (const auto& relay : _relays)
        relay->loop().post([relay, why] { relay->abort(why); });
}

/// Only on this loop is it known whether somebody has asked the relay for its loop, to post an abort() to it:
/// so those that have begun elsewhere stay there, and none moves away from an abort() that is on its way.
void RelaySet::onSettled(Relay& relay) {
    if (!_loop.isInLoopThread() || _aborting) return;
    auto& better = _shared.loops.leastBusy(_loop, 1);
    if (&better != &_loop) relay.moveTo(better);
}

void RelaySet::onEnded(const std::shared_ptr<Relay>& relay) {
    if (_loop.isInLoopThread())
        remove(relay);
    else
        _loop.post([this, relay] { remove(relay); });
}

void RelaySet::remove(const std::shared_ptr<Relay>& relay) {
    _loop.assertInLoopThread();
    _relays.erase(relay);
    _count.fetch_sub(1, std::memory_order_relaxed);
    _owner.onRelayEnded(*relay);
}

} // namespace connector
