#include "relay/RelaySet.h"

#include "base/PeerAddress.h"

#include <algorithm>

namespace connector {

namespace {

/// So many more relays than the least busy loop has may be on the pipe's own, before the next one begins
/// there: short ones cost less here, but not when they wait for each other.
constexpr int kMoreAtHome = 32;

bool isStream(const RelayPeer& peer) {
    return peer.protocol == Protocol::Pipe2;
}

void reset(EventLoop& loop, RelayPeer peer) {
    peer.stream->detach();
    peer.stream->resetOnClose();
    loop.destroyLater(std::move(peer.stream));
}

} // namespace

RelaySet::RelaySet(EventLoop& home, const Lifeline& lifeline, RelayShared& shared, Owner& owner)
    : _home(home), _lifeline(lifeline), _shared(shared), _owner(owner) {}

void RelaySet::join(EventLoop& loop, RelayPeer first, RelayPeer second) {
    loop.assertInLoopThread();
    const bool mayMove = !isStream(first) && !isStream(second);
    auto& place = mayMove ? _shared.loops.leastBusy(loop, kMoreAtHome) : loop;
    std::unique_lock lock(_mutex);
    if (_aborting) {
        reset(loop, std::move(first));
        reset(loop, std::move(second));
        return;
    }
    if (&place != &loop) {
        first.stream->detach();
        second.stream->detach();
    }
    auto relay = std::make_shared<Relay>(place, _shared, _traffic, std::move(first), std::move(second),
                                         static_cast<Relay::Owner&>(*this));
    _relays.emplace(relay, _lifeline.hold());
    _count.fetch_add(1, std::memory_order_relaxed);
    if (&place != &loop) // within the lock, so that it comes before an abort()
        return place.post([relay] { relay->start(); });
    lock.unlock();
    relay->start();
}

void RelaySet::abortAll(const std::string& why) {
    const std::lock_guard lock(_mutex);
    _aborting = true;
    for (const auto& [relay, hold] : _relays)
        relay->loop().post([relay, why] { relay->abort(why); });
}

void RelaySet::forEach(const std::function<void(Relay&)>& function) {
    const std::lock_guard lock(_mutex);
    for (const auto& [relay, hold] : _relays)
        postTo(relay, hold, function);
}

/// With the lock held.
void RelaySet::postTo(const std::shared_ptr<Relay>& relay, const Lifeline::Hold& hold,
                      std::function<void(Relay&)> function) {
    relay->loop().post([this, relay, hold, function = std::move(function), &loop = relay->loop()] {
        if (isIn(loop, relay)) function(*relay); // which moves on this thread only
    });
}

bool RelaySet::isIn(const EventLoop& loop, const std::shared_ptr<Relay>& relay) {
    const std::lock_guard lock(_mutex);
    return &relay->loop() == &loop;
}

void RelaySet::report(std::size_t most, const std::function<void(ConnectionReport)>& tell) {
    std::map<EventLoop*, std::vector<Held>> byLoop;
    const std::lock_guard lock(_mutex);
    for (const auto& held : _relays) {
        if (most-- == 0) break;
        byLoop[&held.first->loop()].emplace_back(held);
    }
    for (const auto& [loop, relays] : byLoop)
        runIn(*loop, relays, [tell](const Relay& relay) {
            for (auto& report : relay.reports())
                tell(std::move(report));
        });
}

/// Those that have moved away meanwhile are met where they are, and will stay.
void RelaySet::runIn(EventLoop& loop, const std::vector<Held>& relays,
                     const std::function<void(Relay&)>& function) {
    loop.post([this, &loop, relays, function] {
        for (const auto& held : relays)
            if (isIn(loop, held.first))
                function(*held.first);
            else
                runIn(held.first->loop(), {held}, function);
    });
}

bool RelaySet::end(std::uint64_t number, const std::string& why,
                   const std::function<void(ConnectionReport)>& tell) {
    const std::lock_guard lock(_mutex);
    const auto found = std::find_if(_relays.begin(), _relays.end(),
                                    [&](const auto& held) { return held.first->has(number); });
    if (found == _relays.end()) return false;
    runIn(found->first->loop(), {*found}, [number, why, tell](Relay& relay) {
        for (auto& report : relay.reports())
            if (report.tag.number == number) tell(std::move(report));
        relay.abort(why);
    });
    return true;
}

/// One that moves meanwhile looks for itself.
void RelaySet::limitTraffic(const TrafficLimits& limits) {
    const bool isOther = _traffic.limit(limits);
    forEach([isOther](Relay& relay) { relay.onTrafficLimited(isOther); });
}

bool RelaySet::endIdle(std::size_t side, const std::string& owner, std::chrono::milliseconds idle,
                       const std::string& why) {
    const std::lock_guard lock(_mutex);
    auto lastByte = EventLoop::Clock::now() - idle;
    auto longest = _relays.end();
    for (auto next = _relays.begin(); next != _relays.end(); ++next) {
        const auto& relay = *next->first;
        if (relay.lastByte() > lastByte || ownerOf(relay.peerOf(side).host()) != owner) continue;
        lastByte = relay.lastByte();
        longest = next;
    }
    if (longest == _relays.end()) return false;
    longest->first->expectEnd();
    postTo(longest->first, longest->second, [why](Relay& relay) { relay.leaveFor(why); });
    return true;
}

/// None may move away from an abort() that is on its way.
void RelaySet::onSettled(Relay& relay) {
    const std::lock_guard lock(_mutex);
    auto& better = _shared.loops.leastBusy(relay.loop(), 1);
    if (&better != &relay.loop() && !_aborting) relay.moveTo(better);
}

void RelaySet::onEnded(const std::shared_ptr<Relay>& relay) {
    if (_home.isInLoopThread())
        remove(relay);
    else
        _home.post([this, relay] { remove(relay); });
}

auto RelaySet::extract(const std::shared_ptr<Relay>& relay) -> Relays::node_type {
    const std::lock_guard lock(_mutex);
    return _relays.extract(relay);
}

void RelaySet::remove(const std::shared_ptr<Relay>& relay) {
    _home.assertInLoopThread();
    const auto removed = extract(relay); // with its hold on the pipe: without one nobody may touch that
    _count.fetch_sub(1, std::memory_order_relaxed);
    _owner.onRelayEnded(*relay);
}

} // namespace connector
