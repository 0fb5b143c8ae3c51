#include "agent/AgentPipeFactory.h"

#include "agent/ConnectingPipe.h"
#include "agent/ListeningPipe.h"
#include "agent/OpeningPipe.h"
#include "agent/ServingPipe.h"
#include "agent/iofog/MessagePipe.h"
#include "net/TlsContext.h"

namespace connector {

AgentPipeFactory::AgentPipeFactory(PipeEnvironment& environment, Mode mode, MessageBus* bus,
                                   PipeWatcher* watcher)
    : _environment(environment), _mode(mode), _bus(bus), _watcher(watcher) {}

std::unique_ptr<AgentPipe> AgentPipeFactory::createPipe(const AgentPipeSettings& settings) const {
    const auto tls = contextOf(settings);
    if (settings.role == AgentPipeSettings::Role::Messages)
        return std::make_unique<MessagePipe>(_environment, settings, tls, *_bus);
    const bool listens = settings.role == AgentPipeSettings::Role::Listen;
    if (_mode.protocol == Protocol::Pipe2) {
        if (listens) return std::make_unique<OpeningPipe>(_environment, settings, tls);
        return std::make_unique<ServingPipe>(_environment, settings, tls, _watcher);
    }
    if (listens) return std::make_unique<ListeningPipe>(_environment, settings, tls);
    return std::make_unique<ConnectingPipe>(_environment, settings, tls);
}

Poco::Net::Context::Ptr AgentPipeFactory::contextOf(const AgentPipeSettings& settings) const {
    return _mode.plain ? Poco::Net::Context::Ptr() : contextFor(settings);
}

Poco::Net::Context::Ptr contextFor(const AgentPipeSettings& settings) {
    if (settings.isPlain) return {};
    try {
        return makeClientContext(settings.trusted);
    } catch (const TlsError& error) {
        throw FieldError(std::string("cert: ") + error.what() +
                         "; it must be PEM certificates, or the base64 body of one");
    }
}

} // namespace connector
