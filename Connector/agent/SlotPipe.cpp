#include "agent/SlotPipe.h"

namespace connector {

SlotPipe::SlotPipe(PipeEnvironment& environment_, const AgentPipeSettings& settings,
                   const Poco::Net::Context::Ptr& tls)
    : AgentPipe(environment_, settings, settings.passcode, /*isPipe2*/ false, tls),
      _connections(static_cast<std::size_t>(settings.connectionCount)),
      _shared{.dial = dialling(),
              .beatInterval = settings.heartbeatFrequency,
              .absenceThreshold = settings.heartbeatAbsenceThreshold,
              .heldPayload = environment_.limits()->heldPayload} {}

SlotPipe::~SlotPipe() = default;

void SlotPipe::startConnections() {
    readyLog().expect(_connections);
    for (std::size_t i = 0; i < _connections; ++i)
        _slots.push_back(std::make_unique<Slot>(_shared, static_cast<Slot::Owner&>(*this)));
    for (const auto& slot : _slots)
        slot->dial();
}

void SlotPipe::hurryConnections() {
    for (const auto& slot : _slots)
        slot->hurry();
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
    readyLog().up(&slot);
    onAvailable(slot);
}

void SlotPipe::onHolding(Slot& slot) {
    readyLog().up(&slot);
    onPayload(slot);
}

void SlotPipe::onLost(Slot& slot, const std::string& why) {
    log().debug("%s: connection failed: %s", name(), why);
    readyLog().down(&slot, why);
    onUnavailable(slot);
}

} // namespace connector
