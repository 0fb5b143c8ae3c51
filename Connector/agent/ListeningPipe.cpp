#include "agent/ListeningPipe.h"

#include <Poco/Format.h>
#include <Poco/Net/NetException.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>

namespace connector {

namespace {

/// Whoever speaks first on the other side is an agent that listens, too.
constexpr const char* kBothListen = "both sides listen; one must be \"role\": \"connect\"";

} // namespace

ListeningPipe::ListeningPipe(PipeEnvironment& environment_, const AgentPipeSettings& settings,
                             Protocol protocol_, const Poco::Net::Context::Ptr& tls)
    : AgentPipe(environment_, settings, protocol_, tls), _access(environment(), VisitorSettings()),
      _clients(loop(), environment(), _access, name(), "client", *this),
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
    for (const auto& [opening, slot] : _openings)
        opening->cancel();
    _openings.clear();
    _clients.closeAll();
}

void ListeningPipe::onAvailable(Slot& slot) {
    _waiting.push_back(&slot);
    beginAvailable();
}

void ListeningPipe::onPayload(Slot& slot) {
    std::erase(_waiting, &slot);
    logCalled();
    slot.refuse(kBothListen);
}

void ListeningPipe::onUnavailable(Slot& slot) {
    std::erase(_waiting, &slot);
}

void ListeningPipe::onVisitorReady() {
    beginAvailable();
}

/// What a beginning makes available again is begun with by the call that is under way, not by one within it.
void ListeningPipe::beginAvailable() {
    if (_isBeginning) return;
    _isBeginning = true;
    while (beginNext()) {
    }
    _isBeginning = false;
}

/// The slot that was authorized last is the one most likely to be alive.
bool ListeningPipe::beginNext() {
    if (_waiting.empty()) return false;
    const bool isSpoken = _clients.findSpoken();
    if (!isSpoken && (protocol() == Protocol::Pipe1 || !_clients.hasSilent())) return false;
    auto& slot = *_waiting.back();
    _waiting.pop_back();
    begin(slot, isSpoken ? _clients.takeSpoken() : _clients.takeSilent());
    return true;
}

void ListeningPipe::begin(Slot& slot, RelayEnd client) {
    if (protocol() == Protocol::Pipe1) return join(slot, std::move(client));
    const auto opening = std::make_shared<Opening>(loop(), environment().limits(), slot.take(),
                                                   std::move(client), static_cast<Opening::Owner&>(*this));
    _openings.emplace(opening, &slot);
    opening->start();
}

void ListeningPipe::onOpened(Opening& opening) {
    auto& slot = forget(opening);
    opening.opener.sentBefore = std::exchange(opening.opener.held, {}).bytes().size();
    join(slot, std::move(opening.agent), std::move(opening.opener));
}

void ListeningPipe::onRefused(Opening& opening, const std::string& reason) {
    auto& slot = forget(opening);
    _clients.drop(std::move(opening.opener), "Connector refused it: " + reason);
    slot.putBack(std::move(opening.agent));
}

void ListeningPipe::onAgentLost(Opening& opening, const std::string& why) {
    auto& slot = forget(opening);
    opening.agent.stream->retire();
    loop().destroyLater(std::move(opening.agent.stream));
    slot.lose("Connector's answer to OPEN failed: " + why);
    _clients.putBack(std::move(opening.opener));
}

/// Connector's OPEN holds. The client is no worse off: it opens anew, and it is for the other side to refuse
/// it.
void ListeningPipe::onCrossed(Opening& opening) {
    opening.finish();
    auto& slot = forget(opening);
    logCalled();
    opening.agent.stream->send(Pipe2Line::refused(kBothListen).toString());
    _clients.putBack(std::move(opening.opener));
    slot.putBack(std::move(opening.agent));
}

void ListeningPipe::logCalled() {
    _oddities.write(Poco::Message::PRIO_WARNING,
                    Poco::format("%s: the other side has begun a conversation, which was refused: %s", name(),
                                 std::string(kBothListen)));
}

Slot& ListeningPipe::forget(Opening& opening) {
    const auto found = _openings.find(opening.shared_from_this());
    auto& slot = *found->second;
    loop().destroyLater(found->first); // it is the one that is calling
    _openings.erase(found);
    return slot;
}

} // namespace connector
