#include "pipe/RelaySet.h"

namespace connector {

RelaySet::RelaySet(EventLoop& loop, PipeEnvironment& environment, Owner& owner)
    : _loop(loop), _environment(environment), _owner(owner) {}

void RelaySet::join(RelayEnd first, RelayEnd second) {
    auto& home = _environment.loops().leastBusy(_loop);
    if (&home != &_loop) {
        first.stream->detach();
        second.stream->detach();
    }
    auto relay = std::make_shared<Relay>(
        home, _environment.relays(), _bytes, std::move(first), std::move(second),
        // Called on the relay's loop; the pipe stays until it has heard of all its relays.
        [this](const std::shared_ptr<Relay>& ended) { _loop.post([this, ended] { onEnded(ended); }); });
    _relays.insert(relay);
    _count.fetch_add(1, std::memory_order_relaxed);
    if (&home == &_loop)
        relay->start();
    else
        home.post([relay] { relay->start(); });
}

void RelaySet::abortAll(const std::string& why) {
    for (const auto& relay : _relays)
        relay->loop().post([relay, why] { relay->abort(why); });
}

void RelaySet::onEnded(const std::shared_ptr<Relay>& relay) {
    _relays.erase(relay);
    _count.fetch_sub(1, std::memory_order_relaxed);
    _owner.onRelayEnded(*relay);
}

} // namespace connector
