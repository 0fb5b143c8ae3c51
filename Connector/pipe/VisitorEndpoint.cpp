#include "pipe/VisitorEndpoint.h"

#include "net/Timer.h"

#include <Poco/Format.h>

namespace connector {

class VisitorEndpoint::Visitor final : private StreamHandler {
  public:
    Visitor(VisitorEndpoint& endpoint, std::unique_ptr<Stream> stream_, std::vector<std::byte> held_ = {})
        : stream(std::move(stream_)), held(std::move(held_)), _endpoint(endpoint),
          _timer(endpoint._loop, [this] {
              _endpoint.onGone(*this, isReady ? "nobody became free for it"
                                              : "the TLS handshake was not done in time");
          }) {}

    void start() {
        _timer.start(_endpoint._environment.limits().visitorWait);
        if (!stream->attach(_endpoint._loop, *this))
            return _endpoint.onGone(*this, "no room to watch another descriptor");
        onReady(*stream);
    }

    std::unique_ptr<Stream> takeStream() {
        _timer.cancel();
        return std::move(stream);
    }

    std::unique_ptr<Stream> stream;
    std::vector<std::byte> held; ///< what was sent to an agent that then turned out to be dead
    List::iterator position;
    bool isReady = false;

  private:
    void onReady(Stream&) override {
        // One that has said what it wanted, and shut its sending side, still waits for an answer.
        if (stream->isBroken() || (held.empty() && stream->hasEndedUnread()))
            return _endpoint.onGone(*this, "it closed the connection while it waited");
        if (isReady) return;
        const auto shaken = stream->handshake();
        if (shaken == Stream::Status::Ok) _endpoint.onShaken(*this);
        if (shaken == Stream::Status::Ended || shaken == Stream::Status::Failed)
            _endpoint.onGone(*this, stream->failure());
    }

    VisitorEndpoint& _endpoint;
    Timer _timer;
};

VisitorEndpoint::VisitorEndpoint(EventLoop& loop, PipeEnvironment& environment, const VisitorAccess& access,
                                 std::string name, const char* role, Owner& owner)
    : _loop(loop), _environment(environment), _access(access), _name(std::move(name)), _role(role),
      _owner(owner), _endings(Poco::Logger::get("pipe")) {}

VisitorEndpoint::~VisitorEndpoint() = default;

void VisitorEndpoint::onAccepted(Descriptor socket, const Poco::Net::SocketAddress& peer,
                                 DescriptorBudget::Lease lease) {
    if (!_access.isAllowed())
        return logTurnedAway(peer.toString(), "pipes.allow-plain-visitors is not true any more");
    if (_shaking.size() + _ready.size() >= _environment.limits().waitingVisitors)
        return logTurnedAway(peer.toString(),
                             std::to_string(_environment.limits().waitingVisitors) + " others wait");
    _shaking.push_back(
        std::make_unique<Visitor>(*this, _access.accept(std::move(socket), peer, std::move(lease))));
    _waitingCount.fetch_add(1, std::memory_order_relaxed);
    auto& visitor = *_shaking.back();
    visitor.position = std::prev(_shaking.end());
    visitor.start();
}

RelayEnd VisitorEndpoint::takeReady() {
    auto& visitor = *_ready.front();
    RelayEnd end;
    end.name = _role;
    end.held = std::move(visitor.held);
    end.stream = remove(visitor);
    return end;
}

void VisitorEndpoint::putBack(RelayEnd end) {
    _ready.push_front(std::make_unique<Visitor>(*this, std::move(end.stream), std::move(end.held)));
    _waitingCount.fetch_add(1, std::memory_order_relaxed);
    auto& visitor = *_ready.front();
    visitor.position = _ready.begin();
    visitor.isReady = true;
    visitor.start();
    if (hasReady()) _owner.onVisitorReady();
}

void VisitorEndpoint::drop(RelayEnd end, const std::string& why) {
    logTurnedAway(end.stream->peer().toString(), why);
    end.stream->retire();
    _loop.destroyLater(std::move(end.stream));
}

void VisitorEndpoint::closeAll() {
    for (auto* list : {&_shaking, &_ready})
        while (!list->empty())
            close(*list->front());
}

void VisitorEndpoint::onShaken(Visitor& visitor) {
    visitor.isReady = true;
    _ready.splice(_ready.end(), _shaking, visitor.position);
    _owner.onVisitorReady();
}

void VisitorEndpoint::onGone(Visitor& visitor, const std::string& why) {
    logTurnedAway(visitor.stream->peer().toString(), why);
    close(visitor);
}

void VisitorEndpoint::close(Visitor& visitor) {
    auto stream = remove(visitor);
    stream->retire(); // the visitor must not hear of events that the loop has fetched already
    _loop.destroyLater(std::move(stream));
}

std::unique_ptr<Stream> VisitorEndpoint::remove(Visitor& visitor) {
    auto stream = visitor.takeStream();
    auto& list = visitor.isReady ? _ready : _shaking;
    _loop.destroyLater(std::move(*visitor.position));
    list.erase(visitor.position);
    _waitingCount.fetch_sub(1, std::memory_order_relaxed);
    return stream;
}

void VisitorEndpoint::logTurnedAway(const std::string& peer, const std::string& why) {
    _endings.write(Poco::Message::PRIO_INFORMATION, _loop.now(),
                   Poco::format("%s: %s %s turned away: %s", _name, std::string(_role), peer, why));
}

} // namespace connector
