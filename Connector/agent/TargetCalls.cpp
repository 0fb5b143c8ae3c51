#include "agent/TargetCalls.h"

#include "agent/Dialer.h"

#include <Poco/Format.h>

namespace connector {

namespace {

/// A visitor waits meanwhile. Shorter than the 10 s in which Connector wants an answer.
constexpr std::chrono::milliseconds kTargetLimit{8000};

constexpr int kBadGateway = 502;

} // namespace

/// One stream's attempt to reach the target.
class TargetCalls::Call final : private Dialer::Owner, private StreamHandler {
  public:
    Call(TargetCalls& calls, std::unique_ptr<Http2Stream> stream, const std::string& visitor)
        : _hold(calls._lifeline.hold()), _calls(calls), _stream(std::move(stream)), _visitor(visitor),
          _dialer(calls._loop, calls._resolver, *this) {}

    void start() {
        _stream->attach(_calls._loop, *this);
        _dialer.dial(_calls._target, kTargetLimit);
    }

    std::list<std::unique_ptr<Call>>::iterator position;

  private:
    void onDialled(std::unique_ptr<SocketStream> target) override {
        _stream->detach();
        _calls.join(std::move(_stream), std::move(target), _visitor);
        _calls.remove(*this);
    }

    void onDialFailed(const std::string& why) override {
        _calls.reportFailure(_visitor, why);
        _stream->refuse(kBadGateway, "no connection to the target " + why);
        give(std::move(_stream));
    }

    /// What comes by it is for the target; that it is over is for us.
    void onReady(Stream&) override {
        if (!_stream || !_stream->isBroken()) return;
        _dialer.cancel();
        give(std::move(_stream));
    }

    void give(std::unique_ptr<Http2Stream> stream) {
        stream->detach();
        _calls._loop.destroyLater(std::move(stream));
        _calls.remove(*this);
    }

    const Lifeline::Hold _hold; ///< first: what follows needs the pipe
    TargetCalls& _calls;
    std::unique_ptr<Http2Stream> _stream;
    const std::string _visitor;
    Dialer _dialer;
};

TargetCalls::TargetCalls(EventLoop& loop, const AgentPipeSettings& settings, std::string name,
                         RelaySet& relays, const Lifeline& lifeline, LimitedLog& failures,
                         PipeWatcher* watcher)
    : _loop(loop), _resolver(loop), _target(settings.localHost, settings.localPort, nullptr),
      _proxyProtocol(settings.proxyProtocol), _name(std::move(name)), _relays(relays), _lifeline(lifeline),
      _failures(failures), _watcher(watcher) {}

TargetCalls::~TargetCalls() = default;

void TargetCalls::call(std::unique_ptr<Http2Stream> stream, const std::string& visitor) {
    _loop.assertInLoopThread();
    _calls.push_back(std::make_unique<Call>(*this, std::move(stream), visitor));
    auto& call = *_calls.back();
    call.position = std::prev(_calls.end());
    call.start();
}

void TargetCalls::join(std::unique_ptr<Http2Stream> stream, std::unique_ptr<Stream> target,
                       const std::string& visitor) {
    _target.remember(*target);
    target->send(proxyHeader(_proxyProtocol, visitor, target->peer()));
    stream->accept();
    if (_watcher) _watcher->onVisitor(visitor);
    RelayPeer connector;
    connector.name = "Connector";
    connector.stream = std::move(stream);
    connector.protocol = Protocol::Pipe2;
    connector.visitor = visitor;
    RelayPeer local;
    local.name = "target";
    local.stream = std::move(target);
    _relays.join(_loop, std::move(connector), std::move(local));
}

void TargetCalls::reportFailure(const std::string& visitor, const std::string& why) {
    if (_watcher) return _watcher->onNoTarget(visitor, why);
    _failures.write(_name, why,
                    [&] { return Poco::format("%s: no connection to the target %s", _name, why); });
}

void TargetCalls::remove(Call& call) {
    _loop.destroyLater(std::move(*call.position)); // it is the one that is calling
    _calls.erase(call.position);
}

} // namespace connector
