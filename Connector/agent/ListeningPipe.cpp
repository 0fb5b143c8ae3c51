#include "agent/ListeningPipe.h"

#include <Poco/Format.h>
#include <Poco/Net/NetException.h>

#include <cerrno>
#include <stdexcept>

namespace connector {

ListeningPipe::ListeningPipe(PipeEnvironment& environment_, const AgentPipeSettings& settings,
                             const Poco::Net::Context::Ptr& tls)
    : AgentPipe(environment_, settings, tls), _clients(loop(), environment(), name(), "client", *this),
      _listeners(listen(settings, environment_.limits().backlog)), _oddities(Poco::Logger::get("agent")) {}

/// On all addresses of the name that this machine has: "localhost" may be two, one of them IPv6.
ListeningPipe::Listeners ListeningPipe::listen(const AgentPipeSettings& settings, int backlog) {
    const auto place = settings.localHost + ":" + std::to_string(settings.localPort);
    const auto answer = Resolver::resolveNow(settings.localHost, settings.localPort);
    auto failure = answer.failure;
    Listeners listeners;
    for (const auto& address : answer.addresses) {
        try {
            listeners.push_back(
                std::make_unique<Listener>(address, /*v6Only*/ true, backlog, TcpOptions(), nullptr));
        } catch (const Poco::Net::NetException& error) {
            failure = error.message();
            if (error.code() != EADDRNOTAVAIL && error.code() != EAFNOSUPPORT)
                throw std::runtime_error("can't listen at " + place + ": " + failure);
        }
    }
    if (listeners.empty()) throw std::runtime_error("can't listen at " + place + ": " + failure);
    return listeners;
}

void ListeningPipe::startLocal() {
    for (const auto& listener : _listeners)
        if (!listener->start(loop(), _clients))
            Poco::Logger::get("agent").error(
                "%s: no client will be heard: no room to watch another descriptor", name());
}

void ListeningPipe::closeLocal() {
    _listeners.clear();
    _clients.closeAll();
}

void ListeningPipe::onAvailable(Slot& slot) {
    _waiting.push_back(&slot);
    joinAvailable();
}

void ListeningPipe::onPayload(Slot& slot) {
    std::erase(_waiting, &slot);
    _oddities.write(Poco::Message::PRIO_WARNING, loop().now(),
                    Poco::format("%s: payload came on a connection that no client had been joined to; it was "
                                 "closed. Only the side with \"role\": \"connect\" can be spoken to first",
                                 name()));
    slot.redial();
}

void ListeningPipe::onUnavailable(Slot& slot) {
    std::erase(_waiting, &slot);
}

void ListeningPipe::onVisitorReady() {
    joinAvailable();
}

/// The slot that was authorized last is the one most likely to be alive.
void ListeningPipe::joinAvailable() {
    while (!_waiting.empty() && _clients.hasReady()) {
        auto& slot = *_waiting.back();
        _waiting.pop_back();
        join(slot, _clients.takeReady());
    }
}

} // namespace connector
