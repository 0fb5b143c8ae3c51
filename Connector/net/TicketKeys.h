#pragma once

#include <array>
#include <chrono>
#include <functional>
#include <mutex>
#include <optional>

struct ssl_ctx_st;

namespace connector {

/// The keys that a server's session tickets are sealed with (RFC 5077). They are drawn at random and never
/// leave the process; a new one takes over every day, so that nobody who gets hold of one can read the
/// resumed connections of earlier days. Thread safe.
class TicketKeys {
  public:
    using Clock = std::chrono::steady_clock;
    using Now = std::function<Clock::time_point()>;

    /// How long a key seals, and how long what it has sealed last can still be opened.
    static constexpr std::chrono::hours kLife{24};

    struct Key {
        std::array<unsigned char, 16> name; ///< goes with the ticket, in the clear
        std::array<unsigned char, 32> cipher;
        std::array<unsigned char, 32> mac;
    };

    /// A key that opens a ticket.
    struct Opening {
        Key key;
        bool isOld; ///< so the client is to be given a new ticket
    };

    explicit TicketKeys(Now now = Clock::now);
    ~TicketKeys();

    TicketKeys(const TicketKeys&) = delete;
    TicketKeys& operator=(const TicketKeys&) = delete;

    /// The key to seal with. Throws std::runtime_error when the system has no random bytes.
    Key sealing();

    /// Nothing for a ticket that no key of the last days has sealed. Throws likewise.
    std::optional<Opening> opening(const unsigned char* name);

    /// The context's tickets are sealed with keys of its own from now on, and live as long as those.
    static void enableOn(ssl_ctx_st* context);

  private:
    struct Dated {
        Key key;
        Clock::time_point since;
    };

    void renew();
    static Dated made(Clock::time_point since);

    const Now _now;
    std::mutex _mutex;
    std::optional<Dated> _current;
    std::optional<Dated> _earlier; ///< opens only
};

} // namespace connector
