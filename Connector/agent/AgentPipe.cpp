#include "agent/AgentPipe.h"

#include <Poco/Format.h>

namespace connector {

namespace {

std::string nameOf(const AgentPipeSettings& settings) {
    const auto others = settings.hosts.size() - 1;
    const auto more = others > 0 ? Poco::format(" and %z more", others) : std::string();
    return Poco::format("pipe to %s%s port %hu", settings.hosts.front(), more, settings.port);
}

} // namespace

AgentPipe::AgentPipe(PipeEnvironment& environment, const AgentPipeSettings& settings,
                     Poco::Net::Context::Ptr tls, PipeWatcher* watcher)
    : _environment(environment), _loop(environment.loops().next()), _name(nameOf(settings)),
      _log(Poco::Logger::get("agent")), _settings(settings), _tls(std::move(tls)), _watcher(watcher),
      _resolver(_loop), _relays(_loop, _lifeline, environment.relays(), *this) {}

AgentPipe::~AgentPipe() = default;

void AgentPipe::start() {
    _loop.post([this] {
        startLocal();
        startConnections();
    });
}

void AgentPipe::change(const AgentPipeSettings& settings, Poco::Net::Context::Ptr tls) {
    _loop.post([this, settings, tls = std::move(tls)] {
        const bool isNewTrust = settings.trusted != _settings.trusted;
        _settings = settings;
        if (isNewTrust) _tls = tls;
        changeConnections(isNewTrust);
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
    if (_watcher) _watcher->onVisitorGone(relay);
    if (_log.debug()) relay.summary(_name).write(_log, Poco::Message::PRIO_DEBUG);
}

} // namespace connector
