#include "agent/ListeningPipe.h"

#include <Poco/Format.h>

namespace connector {

ListeningPipe::ListeningPipe(PipeEnvironment& environment_, const AgentPipeSettings& settings,
                             const Poco::Net::Context::Ptr& tls)
    : SlotPipe(environment_, settings, tls), _access(environment(), VisitorSettings()),
      _clients(loop(), environment(), _access, name(), "client", lifeline(), *this),
      _listeners(listenLocally(settings, environment_.limits()->backlog)) {}

void ListeningPipe::startLocal() {
    startAll(_listeners, loop(), _clients, name());
}

void ListeningPipe::stopLocal() {
    _listeners.clear();
    _clients.closeAll();
}

void ListeningPipe::onAvailable(Slot& slot) {
    _waiting.push_back(&slot);
    beginAvailable();
}

/// Whoever speaks first on the other side is an agent that listens, too.
void ListeningPipe::onPayload(Slot& slot) {
    std::erase(_waiting, &slot);
    environment().logs().failed.write(name(), "both sides listen", [&] {
        return Poco::format(
            "%s: the other side has begun a conversation, which was refused: both sides listen; "
            "one must be \"role\": \"connect\"",
            name());
    });
    slot.refuse();
}

void ListeningPipe::onUnavailable(Slot& slot) {
    std::erase(_waiting, &slot);
}

void ListeningPipe::onVisitorReady() {
    beginAvailable();
}

/// The slot that was authorized last is the one most likely to be alive.
void ListeningPipe::beginAvailable() {
    while (!_waiting.empty() && _clients.findSpoken()) {
        auto& slot = *_waiting.back();
        _waiting.pop_back();
        join(slot, _clients.takeSpoken());
    }
}

} // namespace connector
