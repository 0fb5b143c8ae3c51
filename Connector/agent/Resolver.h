#pragma once

#include "net/EventLoop.h"

#include <Poco/Net/SocketAddress.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace connector {

/// Turns hosts' names into addresses without blocking the loop: getaddrinfo(3), which may take many seconds
/// and can't be interrupted, runs on a thread of its own for each name that is being looked up.
///
/// Those who ask for the same name meanwhile share the answer, in the whole process, and it is remembered for
/// a while, so that the redials of many connections ask the DNS once. Lives on its loop; it may be destroyed
/// on any thread when nobody waits for an answer.
class Resolver {
  public:
    using Addresses = std::vector<Poco::Net::SocketAddress>;

    struct Answer {
        Addresses addresses;    ///< in the order in which to try them (RFC 6724); empty: there are none
        std::string failure;    ///< why there are none
        bool isNumeric = false; ///< the host is an address itself
    };

    /// What a host begins with that is the path of a Unix socket: "unix:/run/web.sock". It has no port.
    static constexpr std::string_view kUnix = "unix:";

    /// Whoever asks.
    class Client {
      public:
        virtual void onResolved(const Answer& answer) = 0;

      protected:
        ~Client() = default;
    };

    explicit Resolver(EventLoop& loop);
    ~Resolver();

    Resolver(const Resolver&) = delete;
    Resolver& operator=(const Resolver&) = delete;

    /// Calls the client once: before it returns, if the answer is known or `host` is an address.
    void resolve(const std::string& host, std::uint16_t port, Client& client);

    /// The same with an answer that is no older than a second.
    void lookUp(const std::string& host, std::uint16_t port, Client& client);

    /// The client is not called any more.
    void cancel(Client& client);

    /// The same, waiting for the answer. Any thread.
    static Answer resolveNow(const std::string& host, std::uint16_t port);

  private:
    using Place = std::pair<std::string, std::uint16_t>;
    struct Lookup {
        Addresses addresses;
        EventLoop::Clock::time_point validUntil;
        bool isRunning = false;
        std::vector<Client*> clients;
    };
    struct Mailbox;

    void start(const Place& place);
    void onAnswer(const Place& place, Answer answer);

    EventLoop& _loop;
    std::map<Place, Lookup> _lookups;
    std::shared_ptr<Mailbox> _mailbox;
};

} // namespace connector
