#include "agent/Resolver.h"

#include <cerrno>
#include <functional>
#include <mutex>
#include <netdb.h>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

namespace connector {

namespace {

/// Long enough for the redials of a busy agent to share a lookup, and no longer than the least that a
/// Connector that moves to another address takes.
constexpr std::chrono::seconds kRemembered{10};

/// A thousand pipes that ask for one host, each in its own time, are one lookup in this time.
constexpr std::chrono::seconds kShared{1};

std::string failureOf(int result) {
    return result == EAI_SYSTEM ? std::generic_category().message(errno) : ::gai_strerror(result);
}

Resolver::Answer search(const std::string& host, std::uint16_t port, int flags) {
    if (host.starts_with(Resolver::kUnix))
        return {{{Poco::Net::SocketAddress::UNIX_LOCAL, host.substr(Resolver::kUnix.size())}}, "", true};
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

/// The searches of all resolvers, each on a thread of its own. Any thread.
class Searches : public std::enable_shared_from_this<Searches> {
  public:
    using Callback = std::function<void(const Resolver::Answer&)>;

    /// A thread that is still searching when the program ends keeps them.
    static Searches& shared() {
        static const auto searches = std::make_shared<Searches>();
        return *searches;
    }

    /// The answer, if it is known or can't be had; else the callback is called, on a thread of a search.
    std::optional<Resolver::Answer> find(const std::string& host, const Callback& callback) {
        const std::lock_guard lock(_mutex);
        auto& search = _searches[host];
        if (search.latest && std::chrono::steady_clock::now() - search.ended < kShared) return search.latest;
        search.waiting.push_back(callback);
        if (search.waiting.size() > 1) return std::nullopt;
        try {
            std::thread([self = shared_from_this(), host] { self->run(host); }).detach();
            return std::nullopt;
        } catch (const std::system_error& error) {
            search.waiting.clear();
            return Resolver::Answer{{}, error.what()};
        }
    }

  private:
    struct Search {
        std::optional<Resolver::Answer> latest;
        std::chrono::steady_clock::time_point ended;
        std::vector<Callback> waiting; ///< while it runs
    };

    void run(const std::string& host) {
        const auto answer = search(host, 0, 0);
        std::vector<Callback> waiting;
        {
            const std::lock_guard lock(_mutex);
            auto& search = _searches[host];
            search.latest = answer;
            search.ended = std::chrono::steady_clock::now();
            waiting.swap(search.waiting);
        }
        for (const auto& callback : waiting)
            callback(answer);
    }

    std::mutex _mutex;
    std::map<std::string, Search> _searches;
};

} // namespace

/// Where searches leave their answers; it outlives the resolver as long as one of them is still running.
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
    return search(host, port, 0);
}

void Resolver::resolve(const std::string& host, std::uint16_t port, Client& client) {
    const auto known = _lookups.find({host, port});
    if (known != _lookups.end() && _loop.now() < known->second.validUntil)
        return client.onResolved({known->second.addresses, "", /*isNumeric*/ false});
    lookUp(host, port, client);
}

void Resolver::lookUp(const std::string& host, std::uint16_t port, Client& client) {
    auto numeric = search(host, port, AI_NUMERICHOST);
    numeric.isNumeric = true;
    if (!numeric.addresses.empty()) return client.onResolved(numeric);
    const Place place(host, port);
    auto& lookup = _lookups[place];
    lookup.clients.push_back(&client);
    if (!std::exchange(lookup.isRunning, true)) start(place);
}

void Resolver::cancel(Client& client) {
    for (auto& [place, lookup] : _lookups)
        std::erase(lookup.clients, &client);
}

void Resolver::start(const Place& place) {
    const auto deliver = [mailbox = _mailbox, place](const Answer& answer) {
        const std::lock_guard lock(mailbox->mutex);
        if (mailbox->resolver) mailbox->resolver->onAnswer(place, answer);
    };
    const auto known =
        Searches::shared().find(place.first, [mailbox = _mailbox, deliver](const Answer& answer) {
            const std::lock_guard lock(mailbox->mutex);
            if (mailbox->resolver) mailbox->resolver->_loop.post([deliver, answer] { deliver(answer); });
        });
    if (known) _loop.post([deliver, answer = *known] { deliver(answer); });
}

void Resolver::onAnswer(const Place& place, Answer answer) {
    for (auto& address : answer.addresses)
        address = Poco::Net::SocketAddress(address.host(), place.second);
    auto& lookup = _lookups[place];
    lookup.isRunning = false;
    if (!answer.addresses.empty()) {
        lookup.addresses = answer.addresses;
        lookup.validUntil = _loop.now() + kRemembered;
    }
    // A client may ask again from within its call, or cancel another.
    while (!lookup.clients.empty()) {
        auto* client = lookup.clients.back();
        lookup.clients.pop_back();
        client->onResolved(answer);
    }
}

} // namespace connector
