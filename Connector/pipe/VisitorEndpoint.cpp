#include "pipe/VisitorEndpoint.h"

#include "base/PeerAddress.h"
#include "net/Timer.h"
#include "pipe/Handshake.h"
#include "pipe/Opening.h"

#include <Poco/Format.h>

#include <algorithm>
#include <optional>
#include <unordered_map>

namespace connector {

namespace {

constexpr const char* kNobodyFree = "nobody became free for it";

/// Of a newcomer.
std::string inWords(VisitorRefusal refusal) {
    switch (refusal) {
    case VisitorRefusal::Denied:
        return "its address may not visit this mapping (allow, deny)";
    case VisitorRefusal::PerAddress:
        return "its address has as many visitors as it may have (visitorsperaddress)";
    case VisitorRefusal::Rate:
        return "more came from its address within a second than may (visitorrate)";
    default:
        return "the mapping has as many visitors as it may have (limits.mapping-visitors)";
    }
}

} // namespace

/// One that waits.
class VisitorEndpoint::Visitor final : private StreamHandler, private Handshake::Owner {
  public:
    /// One that was just accepted.
    Visitor(VisitorEndpoint& endpoint, std::unique_ptr<SocketStream> accepted)
        : address(ownerOf(accepted->peer().host())), tag(ConnectionTag::next()), state(State::Handshaking),
          since(endpoint._loop.now()), _endpoint(endpoint),
          _handshake(std::make_shared<Handshake>(endpoint._loop, endpoint._environment.handshakes(),
                                                 std::move(accepted), static_cast<Handshake::Owner&>(*this),
                                                 endpoint._lifeline.hold())),
          _timer(endpoint._loop, [this] { onTimer(); }) {}

    /// One that has waited before.
    Visitor(VisitorEndpoint& endpoint, std::unique_ptr<SocketStream> stream_, const ConnectionTag& tag_,
            EventLoop::Clock::time_point since_, Messages held_)
        : address(ownerOf(stream_->peer().host())), tag(tag_), stream(std::move(stream_)),
          held(std::move(held_)), state(State::Ready), since(since_), isNew(false), _endpoint(endpoint),
          _timer(endpoint._loop, [this] { onTimer(); }) {}

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

    ConnectionReport report() const {
        return {.kind = ConnectionReport::Kind::Visitor, .tag = tag, .side = 1, .address = inWords(peer())};
    }

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
        return _endpoint._environment.limits()->firstBytes -
               std::chrono::duration_cast<std::chrono::milliseconds>(silence);
    }

    /// From now on it waits for somebody else than before.
    void restartTimer() {
        since = _endpoint._loop.now();
        startTimer();
    }

    const std::string address; ///< ownerOf() its own
    const ConnectionTag tag;
    std::unique_ptr<SocketStream> stream;
    Messages held; ///< what it has said
    State state;
    EventLoop::Clock::time_point since;                      ///< it waits for what its state is about
    std::optional<EventLoop::Clock::time_point> silentSince; ///< since it was asked first
    bool hasEnded = false; ///< will say nothing any more, and may still listen
    bool isNew = true;     ///< was not given to an agent yet
    Turns::List::iterator position;

  private:
    void startTimer() {
        const auto& limits = *_endpoint._environment.limits();
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
            _endpoint.onGone(*this, kNobodyFree, VisitorRefusal::NoAgent);
    }

    void checkSilence() {
        const auto most = _endpoint._environment.limits()->visitorSilence;
        if (_endpoint._loop.now() - *silentSince >= most)
            _endpoint.onGone(*this, "it said nothing for " + std::to_string(most.count()) + " ms",
                             VisitorRefusal::Silent);
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
      _lifeline(lifeline), _owner(owner),
      _gate(VisitorGate::make(kUnlimitedTraffic, environment.limits()->mappingVisitors)) {}

VisitorEndpoint::~VisitorEndpoint() = default;

void VisitorEndpoint::change(std::string name, const TrafficLimits& limits) {
    _name = std::move(name);
    _gate->limit(limits, _environment.limits()->mappingVisitors);
}

void VisitorEndpoint::onAccepted(Descriptor socket, const Poco::Net::SocketAddress& peer,
                                 DescriptorBudget::Lease lease) {
    if (!_access.isAllowed()) return logTurnedAway(peer, "pipes.allow-plain-visitors is not true any more");
    letIn(std::move(socket), peer, std::move(lease), Asked::ByPort);
}

void VisitorEndpoint::onAsked(Descriptor socket, const Poco::Net::SocketAddress& peer,
                              DescriptorBudget::Lease lease) {
    letIn(std::move(socket), peer, std::move(lease), Asked::ByName);
}

void VisitorEndpoint::letIn(Descriptor socket, const Poco::Net::SocketAddress& peer,
                            DescriptorBudget::Lease lease, Asked asked) {
    _loop.assertInLoopThread();
    if (!admit(peer, lease) || !makeRoom(peer)) return;
    auto stream = asked == Asked::ByPort ? _access.accept(std::move(socket), peer, std::move(lease))
                                         : _access.acceptTls(std::move(socket), peer, std::move(lease));
    auto added = std::make_unique<Visitor>(*this, std::move(stream));
    auto& visitor = *added;
    visitor.position = listOf(State::Handshaking).add(visitor.address, std::move(added));
    _admitted.fetch_add(1, std::memory_order_relaxed);
    _waitingCount.fetch_add(1, std::memory_order_relaxed);
    visitor.start();
}

/// The place goes along with the lease, and so with the connection.
bool VisitorEndpoint::admit(const Poco::Net::SocketAddress& peer, DescriptorBudget::Lease& lease) {
    VisitorGate::Place place;
    auto refusal = _gate->admit(peer.host(), _loop.now(), place);
    if (refusal == VisitorRefusal::Share && makePlace(ownerOf(peer.host())))
        refusal = _gate->admit(peer.host(), _loop.now(), place, VisitorGate::Room::OneMore);
    lease.attach(std::move(place));
    if (refusal) refuse(peer, *refusal, inWords(*refusal));
    return !refusal;
}

/// One that waits goes before one that is served.
bool VisitorEndpoint::makePlace(const std::string& newcomer) {
    const auto busier = _gate->busierThan(newcomer, 1);
    if (busier.empty()) return false;
    auto* const visitor = leastWorthyOf(busier);
    if (!visitor) return _owner.onNoPlace(busier);
    onGone(*visitor, "its address has the most visitors, and others come", VisitorRefusal::Share);
    return true;
}

bool VisitorEndpoint::findSpoken() {
    _loop.assertInLoopThread();
    auto& ready = listOf(State::Ready);
    while (!ready.isEmpty()) {
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
    return !listOf(State::Silent).isEmpty();
}

RelayPeer VisitorEndpoint::takeSilent() {
    _loop.assertInLoopThread();
    return take(*listOf(State::Silent).front());
}

std::string VisitorEndpoint::busierThanNext() const {
    return _gate->busierThan(listOf(State::Ready).front()->address, 0);
}

void VisitorEndpoint::putBack(RelayPeer peer) {
    _loop.assertInLoopThread();
    if (_loop.now() - peer.since >= _environment.limits()->visitorWait) {
        _refused.add(VisitorRefusal::NoAgent);
        return drop(std::move(peer), kNobodyFree);
    }
    // Visitors alone are put back, and take() has taken the stream from one.
    std::unique_ptr<SocketStream> stream(static_cast<SocketStream*>(peer.stream.release()));
    auto added =
        std::make_unique<Visitor>(*this, std::move(stream), peer.tag, peer.since, std::move(peer.held));
    auto& visitor = *added;
    visitor.position = listOf(State::Ready).addInFront(visitor.address, std::move(added));
    _waitingCount.fetch_add(1, std::memory_order_relaxed);
    visitor.start();
    _owner.onVisitorReady();
}

void VisitorEndpoint::drop(RelayPeer peer, const std::string& why) {
    _loop.assertInLoopThread();
    logTurnedAway(peer.stream->peer(), why);
    peer.stream->detach();
    _loop.destroyLater(std::move(peer.stream));
}

void VisitorEndpoint::report(ConnectionQuery& query) const {
    for (const auto& turns : _visitors)
        turns.forEach([&](const auto& visitor) { query.add(visitor->report()); });
}

bool VisitorEndpoint::end(std::uint64_t number, const std::string& why, ConnectionQuery& query) {
    auto* const visitor = find(number);
    if (!visitor) return false;
    query.add(visitor->report());
    onGone(*visitor, why);
    return true;
}

/// Null when it does not wait here.
VisitorEndpoint::Visitor* VisitorEndpoint::find(std::uint64_t number) const {
    Visitor* found = nullptr;
    for (const auto& turns : _visitors)
        turns.forEach([&](const auto& visitor) {
            if (visitor->tag.number == number) found = visitor.get();
        });
    return found;
}

void VisitorEndpoint::closeAll() {
    _loop.assertInLoopThread();
    for (auto& list : _visitors)
        while (!list.isEmpty())
            close(*list.front());
}

/// The address that has the most that wait makes room for one that has fewer; else one that lets partners
/// wait goes before one that has just come.
bool VisitorEndpoint::makeRoom(const Poco::Net::SocketAddress& newcomer) {
    const auto most = _environment.limits()->waitingVisitors;
    const auto waiting = static_cast<std::size_t>(waitingCount());
    if (waiting < most) return true;
    const auto why = std::to_string(most) + " others wait";
    const auto busiest = mostWaiting();
    if (waiting > most) // there may be fewer than before: those who were let in stay
        refuse(newcomer, VisitorRefusal::Waiting, why);
    else if (waitingOf(busiest) > waitingOf(ownerOf(newcomer.host())) + 1)
        onGone(*leastWorthyOf(busiest), "its address has the most, and " + why, VisitorRefusal::Waiting);
    else if (hasSilent())
        onGone(*listOf(State::Silent).front(), "it said nothing, and " + why, VisitorRefusal::Waiting);
    else
        refuse(newcomer, VisitorRefusal::Waiting, why);
    return static_cast<std::size_t>(waitingCount()) < most;
}

std::size_t VisitorEndpoint::readyCount() const {
    std::size_t ready = 0;
    listOf(State::Ready).forEachAddress([&](const std::string&, std::size_t some) { ready += some; });
    return ready;
}

std::size_t VisitorEndpoint::waitingOf(const std::string& address) const {
    std::size_t waiting = 0;
    for (const auto& turns : _visitors)
        if (const auto* list = turns.of(address)) waiting += list->size();
    return waiting;
}

std::string VisitorEndpoint::mostWaiting() const {
    std::unordered_map<std::string, std::size_t> waiting;
    for (const auto& turns : _visitors)
        turns.forEachAddress([&](const std::string& address, std::size_t some) { waiting[address] += some; });
    const auto most = std::max_element(waiting.begin(), waiting.end(),
                                       [](const auto& a, const auto& b) { return a.second < b.second; });
    return most == waiting.end() ? std::string() : most->first;
}

/// The one that would miss the least when it had to go; null when none waits.
VisitorEndpoint::Visitor* VisitorEndpoint::leastWorthyOf(const std::string& address) const {
    for (const auto state : {State::Silent, State::Asked, State::Handshaking, State::Ready})
        if (const auto* list = listOf(state).of(address)) return list->front().get();
    return nullptr;
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
    auto taken = listOf(visitor.state).take(visitor.address, visitor.position);
    visitor.position = listOf(state).add(visitor.address, std::move(taken));
    visitor.state = state;
}

void VisitorEndpoint::onGone(Visitor& visitor, const std::string& why,
                             std::optional<VisitorRefusal> refusal) {
    if (refusal)
        refuse(visitor.peer(), *refusal, why);
    else
        logTurnedAway(visitor.peer(), why);
    close(visitor);
}

void VisitorEndpoint::close(Visitor& visitor) {
    auto stream = remove(visitor);
    if (!stream) return;
    stream->detach(); // the visitor must not hear of events that the loop has fetched already
    _loop.destroyLater(std::move(stream));
}

RelayPeer VisitorEndpoint::take(Visitor& visitor) {
    if (visitor.isNew) _waits.add(_loop.now() - visitor.since);
    RelayPeer peer;
    peer.name = _role;
    peer.tag = visitor.tag;
    peer.held = std::move(visitor.held);
    peer.since = visitor.since;
    auto& turns = listOf(visitor.state);
    peer.stream = remove(visitor);
    turns.turnIsOver(ownerOf(peer.stream->peer().host()));
    return peer;
}

std::unique_ptr<Stream> VisitorEndpoint::remove(Visitor& visitor) {
    auto stream = visitor.takeStream();
    _loop.destroyLater(listOf(visitor.state).take(visitor.address, visitor.position));
    _waitingCount.fetch_sub(1, std::memory_order_relaxed);
    return stream;
}

void VisitorEndpoint::refuse(const Poco::Net::SocketAddress& peer, VisitorRefusal refusal,
                             const std::string& why) {
    _refused.add(refusal);
    logTurnedAway(peer, why);
}

void VisitorEndpoint::logTurnedAway(const Poco::Net::SocketAddress& peer, const std::string& why) {
    // A proxy that only looks whether somebody is there would do so for ever.
    if (_environment.proxies()->include(peer.host())) return;
    _environment.logs().turnedAway.write(peer.host(), why, [&] {
        return Poco::format("%s: %s %s turned away: %s", _name, std::string(_role), inWords(peer), why);
    });
}

} // namespace connector
