#include "agent/SlotPipe.h"

namespace connector {

namespace {

std::vector<Remote> remotesOf(const AgentPipeSettings& settings, const Poco::Net::Context::Ptr& tls) {
    std::vector<Remote> remotes;
    for (const auto& host : settings.hosts)
        remotes.emplace_back(host, settings.port, tls, Remote::Options{.proxy = settings.proxies.to(host)});
    return remotes;
}

} // namespace

SlotPipe::SlotPipe(PipeEnvironment& environment_, const AgentPipeSettings& settings,
                   const Poco::Net::Context::Ptr& tls)
    : AgentPipe(environment_, settings, tls),
      _connections(static_cast<std::size_t>(settings.connectionCount)), _dial{.loop = loop(),
                                                                              .resolver = resolver(),
                                                                              .connectors =
                                                                                  remotesOf(settings, tls),
                                                                              .greeting = settings.passcode,
                                                                              .isPipe2 = false,
                                                                              .turns = {},
                                                                              .random = std::minstd_rand(
                                                                                  std::random_device()())},
      _shared{.dial = _dial,
              .beatInterval = settings.heartbeatFrequency,
              .absenceThreshold = settings.heartbeatAbsenceThreshold,
              .heldPayload = environment_.limits()->heldPayload},
      _readyLog(loop(), log(), name()) {}

SlotPipe::~SlotPipe() = default;

void SlotPipe::startConnections() {
    _readyLog.expect(_connections);
    for (std::size_t i = 0; i < _connections; ++i)
        _slots.push_back(std::make_unique<Slot>(_shared, static_cast<Slot::Owner&>(*this)));
    for (const auto& slot : _slots)
        slot->dial();
}

void SlotPipe::changeConnections(bool isNewTrust) {
    if (!isNewTrust) return;
    _dial.use(tls());
    for (const auto& slot : _slots)
        slot->hurry();
}

void SlotPipe::drainConnections() {
    _dial.turns.close(); // a slot that goes gives its turn back
    _slots.clear();
    _readyLog.stop(); // behind all that may still tell it something
}

void SlotPipe::join(Slot& slot, RelayPeer local) {
    auto connector = slot.take();
    connector.onGone = [this, &slot] {
        loop().post([this, &slot] {
            if (!isDraining()) slot.dial();
        });
    };
    relays().join(loop(), std::move(connector), std::move(local));
}

void SlotPipe::onWaiting(Slot& slot) {
    _readyLog.up(&slot);
    onAvailable(slot);
}

void SlotPipe::onHolding(Slot& slot) {
    _readyLog.up(&slot);
    onPayload(slot);
}

void SlotPipe::onLost(Slot& slot, const std::string& why) {
    log().debug("%s: connection failed: %s", name(), why);
    _readyLog.down(&slot, why);
    onUnavailable(slot);
}

} // namespace connector
