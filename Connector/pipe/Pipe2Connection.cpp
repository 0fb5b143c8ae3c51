#include "pipe/Pipe2Connection.h"

#include "base/PeerAddress.h"

#include <limits>
#include <new>
#include <utility>

namespace connector {

namespace {

/// How long no more streams are opened on a connection that has refused one without looking at it.
constexpr std::chrono::milliseconds kPause{100};

} // namespace

Pipe2Connection::Pipe2Connection(Settings settings, Owner& owner)
    : _settings(std::move(settings)), _owner(owner), _lastHeard(_settings.home.now()),
      _most(_settings.context.limits.concurrentStreams), _watched(std::numeric_limits<int>::max()) {}

void Pipe2Connection::start(std::unique_ptr<SocketStream> transport, std::span<const std::byte> received) {
    _settings.home.assertInLoopThread();
    _peer = transport->peer();
    std::vector<std::byte> copy(received.begin(), received.end()); // it may be in the loop's scratch buffer
    if (&_settings.home == &_settings.loop) return startInLoop(std::move(transport), copy);
    transport->detach();
    const auto moved = std::make_shared<std::unique_ptr<SocketStream>>(std::move(transport));
    runInLoop([this, moved, copy] { startInLoop(std::move(*moved), copy); });
}

void Pipe2Connection::startInLoop(std::unique_ptr<SocketStream> transport,
                                  const std::vector<std::byte>& received) {
    const auto self = shared_from_this();
    try {
        _session = std::make_unique<Http2Session>(_settings.loop, std::move(transport), _settings.role,
                                                  _settings.liveness, _settings.context,
                                                  static_cast<Http2Session::Owner&>(*this));
    } catch (const std::bad_alloc&) {
        return onEnded("there is no memory for its session");
    }
    _session->start(received);
}

void Pipe2Connection::open(RelayPeer opener, const std::string& visitor, Opening::Owner& owner) {
    _settings.home.assertInLoopThread();
    addStream();
    _unanswered.fetch_add(1, std::memory_order_relaxed);
    if (&_settings.home == &_settings.loop) return openInLoop(std::move(opener), visitor, owner);
    opener.stream->detach();
    const auto moved = std::make_shared<RelayPeer>(std::move(opener));
    runInLoop([this, moved, visitor, &owner] { openInLoop(std::move(*moved), visitor, owner); });
}

void Pipe2Connection::openInLoop(RelayPeer opener, const std::string& visitor, Opening::Owner& owner) {
    auto stream = _session && _session->mayOpen() ? _session->open({_settings.authority, visitor}) : nullptr;
    if (!stream) {
        // Before the opener is put back, or it would be begun with here again, without an end.
        if (_session && _session->mayOpen())
            onNotProcessed();
        else
            _mayOpen = false;
        _unanswered.fetch_sub(1, std::memory_order_relaxed);
        onStreamDestroyed();
        opener.stream->detach();
        return owner.onNotProcessed(_settings.loop, std::move(opener), "it takes no more streams");
    }
    auto opening = std::make_unique<Opening>(_settings.loop, _settings.openLimit, std::move(opener),
                                             std::move(stream), static_cast<Opening::Keeper&>(*this), owner);
    auto& made = *opening;
    _openings.emplace(&made, std::move(opening));
    made.start();
}

void Pipe2Connection::goAway() {
    _mayOpen = false;
    runInLoop([this] {
        if (_session) _session->goAway();
    });
}

void Pipe2Connection::end(const std::string& why) {
    _mayOpen = false;
    runInLoop([this, why] {
        if (_session) _session->end(why);
    });
}

void Pipe2Connection::probe() {
    runInLoop([this] {
        if (_session) _session->probe();
    });
}

void Pipe2Connection::report(const std::shared_ptr<ConnectionQuery>& query) {
    runInLoop([this, query] {
        if (!_session) return;
        auto report = ownReport();
        report.bytesIn = _session->payloadReceived();
        report.bytesOut = _session->payloadSent();
        query->add(std::move(report));
        for (const auto& [opening, owned] : _openings)
            if (auto waiting = opening->report()) query->add(std::move(*waiting));
    });
}

void Pipe2Connection::endOpening(std::uint64_t number, const std::string& why,
                                 const std::shared_ptr<ConnectionQuery>& query,
                                 const std::function<void()>& otherwise) {
    runInLoop([this, number, why, query, otherwise] {
        for (const auto& [opening, owned] : _openings) {
            auto waiting = opening->report();
            if (!waiting || waiting->tag.number != number) continue;
            query->add(std::move(*waiting));
            return opening->end(why);
        }
        otherwise();
    });
}

ConnectionReport Pipe2Connection::ownReport() const {
    return {.state = ConnectionReport::State::Streams,
            .tag = _settings.tag,
            .side = _settings.side,
            .address = inWords(_peer),
            .isPipe2 = true,
            .streams = streams()};
}

std::string Pipe2Connection::peerName() const {
    return inWords(_peer) + " " + _settings.authority;
}

bool Pipe2Connection::isUsable() const {
    return role() == Http2Session::Role::Opens && _mayOpen && !_isPaused &&
           static_cast<std::size_t>(streams()) < _most;
}

bool Pipe2Connection::isSilent() const {
    if (_isDoubtful) return true;
    const auto patience = _settings.liveness.pingAfter;
    return patience.count() > 0 && !wasHeardSince(_settings.home.now() - patience);
}

void Pipe2Connection::onConnect(std::unique_ptr<Http2Stream> stream, const ConnectRequest& request) {
    addStream();
    _owner.onStream(*this, std::move(stream), request);
}

void Pipe2Connection::onHeard() {
    _lastHeard.store(_settings.loop.now(), std::memory_order_relaxed);
    _isDoubtful.store(false, std::memory_order_relaxed);
}

void Pipe2Connection::addStream() {
    const int open = _streams.fetch_add(1, std::memory_order_relaxed) + 1;
    if (open <= _watched.load(std::memory_order_relaxed)) return;
    _watched = std::numeric_limits<int>::max();
    runAtHome([this] { _owner.onManyStreams(*this); });
}

void Pipe2Connection::onStreamDestroyed() {
    const int open = _streams.fetch_sub(1, std::memory_order_relaxed);
    if (static_cast<std::size_t>(open) >= _most) runAtHome([this] { _owner.onUsable(*this); });
}

void Pipe2Connection::onMostStreams(std::size_t streams) {
    if (_most.exchange(streams) < streams) runAtHome([this] { _owner.onUsable(*this); });
}

void Pipe2Connection::onGoingAway() {
    _mayOpen = false;
    runAtHome([this] { _owner.onGoingAway(*this); });
}

void Pipe2Connection::onEnded(const std::string& why) {
    _mayOpen = false;
    _pause.reset();
    // It is the one that calls; and until its socket is closed, the pipe is not.
    using Ending = std::pair<std::shared_ptr<Pipe2Connection>, std::unique_ptr<Http2Session>>;
    _settings.loop.destroyLater(std::make_shared<Ending>(shared_from_this(), std::move(_session)));
    runAtHome([this, why] { _owner.onEnded(*this, why); });
}

void Pipe2Connection::onOver(Opening& opening) {
    const auto found = _openings.find(&opening);
    _settings.loop.destroyLater(std::move(found->second));
    _openings.erase(found);
    _unanswered.fetch_sub(1, std::memory_order_relaxed);
}

bool Pipe2Connection::wasHeardSince(EventLoop::Clock::time_point then) const {
    return _lastHeard.load(std::memory_order_relaxed) > then;
}

void Pipe2Connection::onNotProcessed() {
    if (!_mayOpen) return;
    if (!_pause)
        _pause.emplace(_settings.loop, [this] {
            _isPaused = false;
            runAtHome([this] { _owner.onUsable(*this); });
        });
    _isPaused = true;
    _pause->start(kPause);
}

/// Holds on to this object, and so to the pipe, until the function has run.
void Pipe2Connection::runInLoop(std::function<void()> function) {
    if (_settings.loop.isInLoopThread()) return function();
    _settings.loop.post([self = shared_from_this(), function = std::move(function)] { function(); });
}

void Pipe2Connection::runAtHome(std::function<void()> function) {
    if (_settings.home.isInLoopThread()) return function();
    _settings.home.post([self = shared_from_this(), function = std::move(function)] { function(); });
}

} // namespace connector
