#include "pipe/Openings.h"

#include "http2/Http2Stream.h"

namespace connector {

void joinOpened(RelaySet& relays, EventLoop& loop, RelayPeer opener, RelayPeer other) {
    if (opener.protocol == Protocol::Pipe2) static_cast<Http2Stream&>(*opener.stream).accept();
    if (opener.side == 0)
        relays.join(loop, std::move(opener), std::move(other));
    else
        relays.join(loop, std::move(other), std::move(opener));
}

Openings::Openings(EventLoop& home, const Lifeline& lifeline, RelaySet& relays, const char* name,
                   Owner& owner)
    : _home(home), _lifeline(lifeline), _relays(relays), _name(name), _owner(owner) {}

void Openings::begin(RelayPeer opener, Pipe2Connection& connection) {
    const auto visitor = opener.visitor.empty() ? opener.stream->peer().toString() : opener.visitor;
    _count.fetch_add(1, std::memory_order_relaxed);
    connection.open(std::move(opener), visitor, *this);
}

void Openings::onOpened(EventLoop& loop, RelayPeer opener, std::unique_ptr<Stream> stream,
                        EventLoop::Clock::duration took) {
    _times.add(took);
    RelayPeer other;
    other.name = _name;
    other.side = 1 - opener.side;
    other.protocol = Protocol::Pipe2;
    other.stream = std::move(stream);
    joinOpened(_relays, loop, std::move(opener), std::move(other));
    _count.fetch_sub(1, std::memory_order_relaxed);
}

void Openings::onRefused(EventLoop&, RelayPeer opener, const Opening::Refusal& refusal) {
    runAtHome(std::move(opener),
              [this, refusal](RelayPeer peer) { _owner.onRefused(std::move(peer), refusal); });
}

void Openings::onNotProcessed(EventLoop&, RelayPeer opener, const std::string& why) {
    runAtHome(std::move(opener),
              [this, why](RelayPeer peer) { _owner.onNotProcessed(std::move(peer), why); });
}

/// The opener is attached to no loop.
void Openings::runAtHome(RelayPeer opener, std::function<void(RelayPeer)> function) {
    const auto moved = std::make_shared<RelayPeer>(std::move(opener));
    auto run = [this, moved, function = std::move(function), hold = _lifeline.hold()] {
        _count.fetch_sub(1, std::memory_order_relaxed);
        function(std::move(*moved));
    };
    _home.isInLoopThread() ? run() : _home.post(run);
}

} // namespace connector
