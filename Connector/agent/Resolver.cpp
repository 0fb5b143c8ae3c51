#include "agent/Resolver.h"

#include <cerrno>
#include <mutex>
#include <netdb.h>
#include <system_error>
#include <thread>

namespace connector {

namespace {

/// Long enough for the redials of a busy agent to share a lookup, and no longer than the least that a
/// Connector that moves to another address takes.
constexpr std::chrono::seconds kRemembered{10};

std::string failureOf(int result) {
    return result == EAI_SYSTEM ? std::generic_category().message(errno) : ::gai_strerror(result);
}

Resolver::Answer lookUp(const std::string& host, std::uint16_t port, int flags) {
    addrinfo hints{};
    hints.ai_flags = flags | AI_NUMERICSERV;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    Resolver::Answer answer;
    const int result = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
    if (result != 0) {
        answer.failure = failureOf(result);
        return answer;
    }
    for (const auto* one = found; one; one = one->ai_next)
        answer.addresses.emplace_back(one->ai_addr, one->ai_addrlen);
    ::freeaddrinfo(found);
    return answer;
}

} // namespace

/// Where the threads leave their answers; it outlives the resolver as long as one of them is still looking.
struct Resolver::Mailbox {
    explicit Mailbox(Resolver& resolver_) : resolver(&resolver_) {}
    std::mutex mutex;
    Resolver* resolver; ///< null when it is gone
};

Resolver::Resolver(EventLoop& loop) : _loop(loop), _mailbox(std::make_shared<Mailbox>(*this)) {}

Resolver::~Resolver() {
    const std::lock_guard lock(_mailbox->mutex);
    _mailbox->resolver = nullptr;
}

Resolver::Answer Resolver::resolveNow(const std::string& host, std::uint16_t port) {
    return lookUp(host, port, 0);
}

void Resolver::resolve(const std::string& host, std::uint16_t port, Client& client) {
    const auto numeric = lookUp(host, port, AI_NUMERICHOST);
    if (!numeric.addresses.empty()) return client.onResolved(numeric);
    const Place place(host, port);
    auto& lookup = _lookups[place];
    if (_loop.now() < lookup.validUntil) return client.onResolved({lookup.addresses, ""});
    lookup.clients.push_back(&client);
    if (!lookup.isRunning) startThread(place);
}

void Resolver::cancel(Client& client) {
    for (auto& [place, lookup] : _lookups)
        std::erase(lookup.clients, &client);
}

void Resolver::startThread(const Place& place) {
    try {
        std::thread([mailbox = _mailbox, place] {
            const auto answer = lookUp(place.first, place.second, 0);
            const std::lock_guard lock(mailbox->mutex);
            if (!mailbox->resolver) return;
            mailbox->resolver->_loop.post([mailbox, place, answer] {
                const std::lock_guard lockOnLoop(mailbox->mutex);
                if (mailbox->resolver) mailbox->resolver->onAnswer(place, answer);
            });
        }).detach();
        _lookups[place].isRunning = true;
    } catch (const std::system_error& error) {
        onAnswer(place, {{}, error.what()});
    }
}

void Resolver::onAnswer(const Place& place, const Answer& answer) {
    auto& lookup = _lookups[place];
    lookup.isRunning = false;
    lookup.addresses = answer.addresses;
    if (!answer.addresses.empty()) lookup.validUntil = _loop.now() + kRemembered;
    // A client may ask again from within its call, or cancel another.
    while (!lookup.clients.empty()) {
        auto* client = lookup.clients.back();
        lookup.clients.pop_back();
        client->onResolved(answer);
    }
}

} // namespace connector
