#include "agent/AgentPipe.h"

#include <Poco/Format.h>

namespace connector {

AgentPipe::AgentPipe(PipeEnvironment& environment, const AgentPipeSettings& settings, std::string greeting,
                     bool isPipe2, const Poco::Net::Context::Ptr& tls)
    : _environment(environment), _loop(environment.loops().next()),
      _name(Poco::format("pipe to %s port %hu", settings.host, settings.port)),
      _log(Poco::Logger::get("agent")),
      _resolver(_loop), _dial{.loop = _loop,
                              .resolver = _resolver,
                              .connector = Remote(settings.host, settings.port, tls),
                              .greeting = std::move(greeting),
                              .isPipe2 = isPipe2,
                              .turns = {},
                              .random = std::minstd_rand(std::random_device()())},
      _readyLog(_loop, _log, _name), _relays(_loop, _lifeline, environment.relays(), *this) {}

AgentPipe::~AgentPipe() = default;

void AgentPipe::start() {
    _loop.post([this] {
        startLocal();
        startConnections();
    });
}

void AgentPipe::renewTls(Poco::Net::Context::Ptr tls) {
    _loop.post([this, tls = std::move(tls)] {
        _dial.connector.use(tls);
        hurryConnections();
    });
}

std::future<void> AgentPipe::drain() {
    auto drained = _lifeline.future();
    const auto isQuiet = std::make_shared<std::promise<void>>();
    _loop.post([this, isQuiet] {
        _isDraining = true;
        stopLocal();
        isQuiet->set_value();
        drainConnections();
        _readyLog.stop(); // behind all that may still tell it something
        // What has been left to the loop is destroyed before a function posted now runs.
        _loop.post([hold = _lifeline.letGo()] {});
    });
    isQuiet->get_future().wait();
    return drained;
}

void AgentPipe::abort() {
    // It may end at this moment, and must not before this has run.
    const auto hold = _lifeline.hold();
    if (!hold) return;
    _loop.post([this, hold] {
        abortConnections();
        _relays.abortAll("the agent stops");
    });
}

void AgentPipe::onRelayEnded(const Relay& relay) {
    if (_log.debug()) relay.summary(_name).write(_log, Poco::Message::PRIO_DEBUG);
}

} // namespace connector
