#include "agent/LocalListeners.h"

#include "agent/Resolver.h"

#include <Poco/Logger.h>
#include <Poco/Net/NetException.h>

#include <cerrno>
#include <stdexcept>

namespace connector {

std::vector<std::unique_ptr<Listener>> listenLocally(ListeningSockets& sockets,
                                                     const AgentPipeSettings& settings, int backlog) {
    const auto place = settings.localHost + ":" + std::to_string(settings.localPort);
    const auto answer = Resolver::resolveNow(settings.localHost, settings.localPort);
    auto failure = answer.failure;
    std::vector<std::unique_ptr<Listener>> listeners;
    for (const auto& address : answer.addresses) {
        try {
            listeners.push_back(std::make_unique<Listener>(
                sockets, address, ListeningSockets::Settings{.v6Only = true, .backlog = backlog}, nullptr));
        } catch (const Poco::Net::NetException& error) {
            failure = error.message();
            if (error.code() != EADDRNOTAVAIL && error.code() != EAFNOSUPPORT)
                throw std::runtime_error("can't listen at " + place + ": " + failure);
        }
    }
    if (listeners.empty()) throw std::runtime_error("can't listen at " + place + ": " + failure);
    return listeners;
}

void startAll(const std::vector<std::unique_ptr<Listener>>& listeners, EventLoop& loop, Acceptor& acceptor,
              const std::string& name) {
    for (const auto& listener : listeners)
        if (!listener->start(loop, acceptor))
            Poco::Logger::get("agent").error(
                "%s: no client will be heard: no room to watch another descriptor", name);
}

} // namespace connector
