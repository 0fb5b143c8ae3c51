#include "agent/AgentPipe.h"

#include <Poco/Format.h>

namespace connector {

AgentPipe::AgentPipe(PipeEnvironment& environment, const AgentPipeSettings& settings, Protocol protocol,
                     const Poco::Net::Context::Ptr& tls)
    : _environment(environment), _loop(environment.loops().next()),
      _name(Poco::format("pipe to %s port %hu", settings.host, settings.port)),
      _connections(static_cast<std::size_t>(settings.connections)), _log(Poco::Logger::get("agent")),
      _resolver(_loop), _shared{.loop = _loop,
                                .resolver = _resolver,
                                .connector = Remote(settings.host, settings.port, tls),
                                .protocol = protocol,
                                .passcode = settings.passcode,
                                .beatInterval = settings.heartbeatFrequency,
                                .absenceThreshold = settings.heartbeatAbsenceThreshold,
                                .heldPayload = environment.limits().heldPayload,
                                .turns = {},
                                .random = std::minstd_rand(std::random_device()())},
      _readyLog(_loop, _log, _name, _connections), _relays(_loop, environment.relays(), *this) {}

AgentPipe::~AgentPipe() = default;

void AgentPipe::start() {
    _loop.post([this] {
        startLocal();
        for (std::size_t i = 0; i < _connections; ++i)
            _slots.push_back(std::make_unique<Slot>(_shared, static_cast<Slot::Owner&>(*this)));
        for (const auto& slot : _slots)
            slot->dial();
    });
}

std::future<void> AgentPipe::close() {
    auto closed = _closed->get_future();
    _loop.post([this] {
        _closing = true;
        _readyLog.stop();
        closeLocal();
        _slots.clear();
        _relays.abortAll("the agent stops");
        if (_relays.isEmpty()) finishClosing();
    });
    return closed;
}

void AgentPipe::join(Slot& slot, RelayPeer connector, RelayPeer local) {
    connector.onGone = [this, &slot] {
        _loop.post([this, &slot] {
            if (!_closing) slot.dial();
        });
    };
    _relays.join(std::move(connector), std::move(local));
}

void AgentPipe::onWaiting(Slot& slot) {
    _readyLog.up(slot);
    onAvailable(slot);
}

void AgentPipe::onHolding(Slot& slot) {
    _readyLog.up(slot);
    onPayload(slot);
}

void AgentPipe::onLost(Slot& slot, const std::string& why) {
    _log.debug("%s: connection failed: %s", _name, why);
    _readyLog.down(slot, why);
    onUnavailable(slot);
}

void AgentPipe::onRelayEnded(const Relay& relay) {
    if (_log.debug()) _log.debug("%s: %s", _name, relay.summary());
    if (_closing && _relays.isEmpty()) finishClosing();
}

void AgentPipe::finishClosing() {
    // What has been left to the loop is destroyed before a function posted now runs; and nobody may touch
    // this pipe once the promise is kept.
    _loop.post([closed = _closed] { closed->set_value(); });
}

} // namespace connector
