#include "pipe/WaitingStreams.h"

#include <algorithm>

namespace connector {

namespace {

constexpr int kNobodyThere = 503;

} // namespace

void refuseStream(EventLoop& loop, RelayPeer peer, int status, const std::string& reason) {
    peer.stream->detach();
    static_cast<Http2Stream&>(*peer.stream).refuse(status, reason); // of an agent of PIPE/2 that opens
    loop.destroyLater(std::move(peer.stream));
}

/// One that waits.
class WaitingStreams::Waiting final : private StreamHandler {
  public:
    Waiting(WaitingStreams& owner, RelayPeer peer_)
        : peer(std::move(peer_)), _owner(owner), _timer(owner._loop, [this] { onTimer(); }) {}

    void start() {
        const auto waited = _owner._loop.now() - peer.since;
        _timer.start(std::chrono::ceil<std::chrono::milliseconds>(_owner._limits->visitorWait - waited));
        peer.stream->attach(_owner._loop, *this);
    }

    RelayPeer takePeer() {
        _timer.cancel();
        peer.stream->detach();
        return std::move(peer);
    }

    RelayPeer peer;
    List::iterator position;

  private:
    /// What it says is for the other side; that it is over is for us.
    void onReady(Stream&) override {
        if (!peer.stream->isBroken()) return;
        _owner._loop.destroyLater(std::move(takePeer().stream));
        _owner.remove(*this);
    }

    void onTimer() {
        refuseStream(_owner._loop, takePeer(), kNobodyThere, "nobody waits on the other side");
        _owner.remove(*this);
    }

    WaitingStreams& _owner;
    Timer _timer;
};

WaitingStreams::WaitingStreams(EventLoop& loop, const Reloadable<PipeLimits>& limits, const char* role)
    : _loop(loop), _limits(limits), _role(role) {}

WaitingStreams::~WaitingStreams() = default;

void WaitingStreams::add(std::unique_ptr<Http2Stream> stream, const std::string& visitor) {
    RelayPeer peer;
    peer.name = _role;
    peer.stream = std::move(stream);
    peer.protocol = Protocol::Pipe2;
    peer.visitor = visitor;
    peer.since = _loop.now();
    _waiting.push_back(std::make_unique<Waiting>(*this, std::move(peer)));
    _waiting.back()->position = std::prev(_waiting.end());
    _waiting.back()->start();
}

void WaitingStreams::putBack(RelayPeer peer) {
    if (_loop.now() - peer.since >= _limits->visitorWait)
        return refuseStream(_loop, std::move(peer), kNobodyThere, "no agent on the other side took it");
    _waiting.push_front(std::make_unique<Waiting>(*this, std::move(peer)));
    _waiting.front()->position = _waiting.begin();
    _waiting.front()->start();
}

RelayPeer WaitingStreams::take() {
    auto& waiting = *_waiting.front();
    auto peer = waiting.takePeer();
    remove(waiting);
    return peer;
}

void WaitingStreams::refuseAll(const std::string& reason) {
    while (!_waiting.empty())
        refuseStream(_loop, take(), kNobodyThere, reason);
}

void WaitingStreams::remove(Waiting& waiting) {
    _loop.destroyLater(std::move(*waiting.position)); // it may be the one that is calling
    _waiting.erase(waiting.position);
}

} // namespace connector
