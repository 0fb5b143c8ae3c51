#include "agent/ConnectingPipe.h"

#include <Poco/Format.h>

namespace connector {

namespace {

/// A visitor waits meanwhile.
constexpr std::chrono::milliseconds kTargetLimit{8000};

} // namespace

/// One slot's attempt to reach the target.
class ConnectingPipe::Call final : private Dialer::Owner {
  public:
    Call(ConnectingPipe& pipe, Slot& slot)
        : _pipe(pipe), _slot(slot), _dialer(pipe.loop(), pipe.resolver(), *this) {}

    void start() { _dialer.dial(_pipe._target, kTargetLimit); }
    void cancel() { _dialer.cancel(); }

  private:
    void onDialled(std::unique_ptr<SocketStream> stream) override {
        _pipe.onConnected(_slot, std::move(stream));
    }
    void onDialFailed(const std::string& why) override { _pipe.onFailed(_slot, why); }

    ConnectingPipe& _pipe;
    Slot& _slot;
    Dialer _dialer;
};

ConnectingPipe::ConnectingPipe(PipeEnvironment& environment_, const AgentPipeSettings& settings,
                               const Poco::Net::Context::Ptr& tls)
    : SlotPipe(environment_, settings, tls), _target(settings.localHost, settings.localPort, nullptr),
      _proxyProtocol(settings.proxyProtocol) {}

ConnectingPipe::~ConnectingPipe() = default;

void ConnectingPipe::stopLocal() {
    _calls.clear();
}

void ConnectingPipe::onPayload(Slot& slot) {
    auto& call = _calls[&slot];
    call = std::make_unique<Call>(*this, slot);
    call->start();
}

void ConnectingPipe::onUnavailable(Slot& slot) {
    drop(slot);
}

void ConnectingPipe::onConnected(Slot& slot, std::unique_ptr<Stream> stream) {
    drop(slot);
    _target.remember(*stream);
    stream->send(proxyHeader(_proxyProtocol, /*visitor*/ "", stream->peer()));
    RelayPeer peer;
    peer.name = "target";
    peer.stream = std::move(stream);
    join(slot, std::move(peer));
}

void ConnectingPipe::onFailed(Slot& slot, const std::string& why) {
    drop(slot);
    environment().logs().failed.write(
        name(), why, [&] { return Poco::format("%s: no connection to the target %s", name(), why); });
    slot.refuse();
}

void ConnectingPipe::drop(Slot& slot) {
    const auto call = _calls.find(&slot);
    if (call == _calls.end()) return;
    call->second->cancel();
    loop().destroyLater(std::move(call->second)); // it may be the one that has called
    _calls.erase(call);
}

} // namespace connector
