#include "pipe/VisitorEndpoint.h"

#include "net/Timer.h"
#include "pipe/Handshake.h"
#include "pipe/Opening.h"

#include <Poco/Format.h>

#include <algorithm>
#include <optional>

namespace connector {

/// One that waits.
class VisitorEndpoint::Visitor final : private StreamHandler, private Handshake::Owner {
  public:
    /// One that was just accepted.
    Visitor(VisitorEndpoint& endpoint, std::unique_ptr<SocketStream> accepted)
        : state(State::Handshaking), since(endpoint._loop.now()), _endpoint(endpoint),
          _handshake(std::make_shared<Handshake>(endpoint._loop, endpoint._environment.handshakes(),
                                                 std::move(accepted), static_cast<Handshake::Owner&>(*this),
                                                 endpoint._lifeline.hold())),
          _timer(endpoint._loop, [this] { onTimer(); }) {}

    /// One that has waited before.
    Visitor(VisitorEndpoint& endpoint, std::unique_ptr<SocketStream> stream_,
            EventLoop::Clock::time_point since_, Messages held_)
        : stream(std::move(stream_)), held(std::move(held_)), state(State::Ready), since(since_),
          _endpoint(endpoint), _timer(endpoint._loop, [this] { onTimer(); }) {}

    void start() {
        startTimer();
        if (_handshake)
            _handshake->start();
        else
            attach();
    }

    /// Null when it is closed already, as its handshake is not done.
    std::unique_ptr<Stream> takeStream() {
        _timer.cancel();
        if (auto handshake = std::exchange(_handshake, nullptr)) handshake->cancel();
        return std::move(stream);
    }

    const Poco::Net::SocketAddress& peer() const { return stream ? stream->peer() : _handshake->peer(); }

    /// Receives its first bytes, if there are any.
    Stream::Status ask() {
        const auto room = _endpoint._loop.scratch().first(Opening::kMaxFirstBytes);
        const auto received = stream->receive(room);
        held = Messages(room.first(received.bytes));
        return received.status;
    }

    /// What is left of limits.first-bytes since it was asked first; not more than 0 when nothing is.
    std::chrono::milliseconds leftToSpeak() const {
        const auto silence = _endpoint._loop.now() - *silentSince;
        return _endpoint._environment.limits().firstBytes -
               std::chrono::duration_cast<std::chrono::milliseconds>(silence);
    }

    /// From now on it waits for somebody else than before.
    void restartTimer() {
        since = _endpoint._loop.now();
        startTimer();
    }

    std::unique_ptr<SocketStream> stream;
    Messages held; ///< what it has said
    State state;
    EventLoop::Clock::time_point since;                      ///< it waits for what its state is about
    std::optional<EventLoop::Clock::time_point> silentSince; ///< since it was asked first
    bool hasEnded = false; ///< will say nothing any more, and may still listen
    List::iterator position;

  private:
    void startTimer() {
        const auto& limits = _endpoint._environment.limits();
        const auto waited =
            std::chrono::duration_cast<std::chrono::milliseconds>(_endpoint._loop.now() - since);
        if (state == State::Asked)
            _timer.start(leftToSpeak());
        else if (state == State::Silent)
            _timer.start(std::min(limits.visitorWait, limits.visitorSilence));
        else
            _timer.start(limits.visitorWait - waited);
    }

    void attach() {
        if (!stream->attach(_endpoint._loop, *this))
            return _endpoint.onGone(*this, "no room to watch another descriptor");
        onReady(*stream);
    }

    void onShaken(std::unique_ptr<SocketStream> shaken) override {
        stream = std::move(shaken);
        _handshake.reset();
        attach();
    }

    void onNotShaken(const std::string& why) override { _endpoint.onGone(*this, why); }

    void onReady(Stream&) override {
        if (stream->isBroken()) return _endpoint.onGone(*this, "it broke the connection while it waited");
        // One that has said what it wanted, and shut its sending side, still waits for an answer.
        if (held.empty() && stream->hasEndedUnread()) return _endpoint.onEnded(*this);
        if (state != State::Ready) _endpoint.onReady(*this);
    }

    void onTimer() {
        if (state == State::Handshaking)
            _endpoint.onGone(*this, "the TLS handshake was not done in time");
        else if (state == State::Asked)
            _endpoint.onSilent(*this);
        else if (state == State::Silent && !hasEnded && _endpoint._owner.hasPartner())
            checkSilence(); // it is the visitor that lets the others wait
        else
            _endpoint.onGone(*this, "nobody became free for it");
    }

    void checkSilence() {
        const auto most = _endpoint._environment.limits().visitorSilence;
        if (_endpoint._loop.now() - *silentSince >= most)
            _endpoint.onGone(*this, "it said nothing for " + std::to_string(most.count()) + " ms");
        else
            restartTimer();
    }

    VisitorEndpoint& _endpoint;
    std::shared_ptr<Handshake> _handshake; ///< until it is done
    Timer _timer;
};

VisitorEndpoint::VisitorEndpoint(EventLoop& loop, PipeEnvironment& environment, const VisitorAccess& access,
                                 std::string name, const char* role, const Lifeline& lifeline, Owner& owner)
    : _loop(loop), _environment(environment), _access(access), _name(std::move(name)), _role(role),
      _lifeline(lifeline), _owner(owner), _endings(Poco::Logger::get("pipe")) {}

VisitorEndpoint::~VisitorEndpoint() = default;

void VisitorEndpoint::onAccepted(Descriptor socket, const Poco::Net::SocketAddress& peer,
                                 DescriptorBudget::Lease lease) {
    _loop.assertInLoopThread();
    if (!_access.isAllowed())
        return logTurnedAway(peer.toString(), "pipes.allow-plain-visitors is not true any more");
    if (!makeRoom(peer)) return;
    auto stream = _access.accept(std::move(socket), peer, std::move(lease));
    if (!stream) return logTurnedAway(peer.toString(), PipeEnvironment::kNoMemory);
    auto& handshaking = listOf(State::Handshaking);
    handshaking.push_back(std::make_unique<Visitor>(*this, std::move(stream)));
    _waitingCount.fetch_add(1, std::memory_order_relaxed);
    auto& visitor = *handshaking.back();
    visitor.position = std::prev(handshaking.end());
    visitor.start();
}

bool VisitorEndpoint::findSpoken() {
    _loop.assertInLoopThread();
    auto& ready = listOf(State::Ready);
    while (!ready.empty()) {
        auto& visitor = *ready.front();
        const auto status = visitor.held.empty() ? visitor.ask() : Stream::Status::Ok;
        if (status == Stream::Status::Ok) return true;
        if (status == Stream::Status::Failed)
            onGone(visitor, visitor.stream->failure());
        else
            onNothingSaid(visitor, status == Stream::Status::Ended);
    }
    return false;
}

/// It may have been asked before: events come without bytes, too.
void VisitorEndpoint::onNothingSaid(Visitor& visitor, bool hasEnded) {
    if (!visitor.silentSince) visitor.silentSince = _loop.now();
    visitor.hasEnded = hasEnded;
    enter(visitor, hasEnded || visitor.leftToSpeak().count() <= 0 ? State::Silent : State::Asked);
    visitor.restartTimer();
}

RelayPeer VisitorEndpoint::takeSpoken() {
    _loop.assertInLoopThread();
    return take(*listOf(State::Ready).front());
}

bool VisitorEndpoint::hasSilent() const {
    return !listOf(State::Silent).empty();
}

RelayPeer VisitorEndpoint::takeSilent() {
    _loop.assertInLoopThread();
    return take(*listOf(State::Silent).front());
}

void VisitorEndpoint::putBack(RelayPeer peer) {
    _loop.assertInLoopThread();
    if (_loop.now() - peer.since >= _environment.limits().visitorWait)
        return drop(std::move(peer), "nobody became free for it");
    auto& ready = listOf(State::Ready);
    // Visitors alone are put back, and take() has taken the stream from one.
    std::unique_ptr<SocketStream> stream(static_cast<SocketStream*>(peer.stream.release()));
    ready.push_front(std::make_unique<Visitor>(*this, std::move(stream), peer.since, std::move(peer.held)));
    _waitingCount.fetch_add(1, std::memory_order_relaxed);
    ready.front()->position = ready.begin();
    ready.front()->start();
    _owner.onVisitorReady();
}

void VisitorEndpoint::drop(RelayPeer peer, const std::string& why) {
    _loop.assertInLoopThread();
    logTurnedAway(peer.stream->peer().toString(), why);
    peer.stream->retire();
    _loop.destroyLater(std::move(peer.stream));
}

void VisitorEndpoint::closeAll() {
    _loop.assertInLoopThread();
    for (auto& list : _visitors)
        while (!list.empty())
            close(*list.front());
}

/// One that lets partners wait has to go before one that has just come.
bool VisitorEndpoint::makeRoom(const Poco::Net::SocketAddress& newcomer) {
    const auto most = _environment.limits().waitingVisitors;
    if (static_cast<std::size_t>(waitingCount()) < most) return true;
    auto& silent = listOf(State::Silent);
    const auto why = std::to_string(most) + " others wait";
    if (silent.empty())
        logTurnedAway(newcomer.toString(), why);
    else
        onGone(*silent.front(), "it said nothing, and " + why);
    return static_cast<std::size_t>(waitingCount()) < most;
}

void VisitorEndpoint::onReady(Visitor& visitor) {
    const bool wasAsked = visitor.state != State::Handshaking;
    enter(visitor, State::Ready);
    if (wasAsked) visitor.restartTimer(); // until now it was the visitor that let others wait
    _owner.onVisitorReady();
}

void VisitorEndpoint::onSilent(Visitor& visitor) {
    enter(visitor, State::Silent);
    visitor.restartTimer();
    _owner.onVisitorReady();
}

/// A server that speaks first can be heard by one that has only shut its sending side.
void VisitorEndpoint::onEnded(Visitor& visitor) {
    if (visitor.state == State::Asked) onSilent(visitor);
    if (visitor.stream) onGone(visitor, "it closed the connection while it waited");
}

void VisitorEndpoint::enter(Visitor& visitor, State state) {
    auto& list = listOf(state);
    list.splice(list.end(), listOf(visitor.state), visitor.position);
    visitor.state = state;
}

void VisitorEndpoint::onGone(Visitor& visitor, const std::string& why) {
    logTurnedAway(visitor.peer().toString(), why);
    close(visitor);
}

void VisitorEndpoint::close(Visitor& visitor) {
    auto stream = remove(visitor);
    if (!stream) return;
    stream->retire(); // the visitor must not hear of events that the loop has fetched already
    _loop.destroyLater(std::move(stream));
}

RelayPeer VisitorEndpoint::take(Visitor& visitor) {
    RelayPeer peer;
    peer.name = _role;
    peer.held = std::move(visitor.held);
    peer.since = visitor.since;
    peer.stream = remove(visitor);
    return peer;
}

std::unique_ptr<Stream> VisitorEndpoint::remove(Visitor& visitor) {
    auto stream = visitor.takeStream();
    _loop.destroyLater(std::move(*visitor.position));
    listOf(visitor.state).erase(visitor.position);
    _waitingCount.fetch_sub(1, std::memory_order_relaxed);
    return stream;
}

void VisitorEndpoint::logTurnedAway(const std::string& peer, const std::string& why) {
    _endings.write(Poco::Message::PRIO_INFORMATION,
                   Poco::format("%s: %s %s turned away: %s", _name, std::string(_role), peer, why));
}

} // namespace connector
