#pragma once

#include "Channel.h"
#include "Measurement.h"

#include <list>
#include <memory>
#include <optional>
#include <string>

namespace bench {

/// What the far side does with a conversation: its first byte says it.
enum class Request : char {
    Echo = 'E',     ///< sends back all that comes, from the first byte on
    Source = 'S',   ///< sends without end
    Exchange = 'X', ///< sends without end, and takes all that comes
    Image = 'I',    ///< sends so many bytes for each request of so many
};

constexpr std::size_t kImageRequest = 16;
constexpr std::size_t kImage = 16 * 1024;

/// The side that visitors are joined to: the generator as agent, or as the target behind an agent or a proxy.
class FarSide {
  public:
    /// tls: null for plain TCP. Both references must outlive it.
    FarSide(Loop& loop, Counters& counters, Tls* tls);
    ~FarSide();

    /// A target at this address.
    void listen(const sockaddr_in& address);

    /// So many agents of PIPE/1, each replaced when its conversation is over.
    void dial(const sockaddr_in& connector, const std::string& passcode, int count);

  private:
    class Listener;
    class Connection;

    void dialOne(const sockaddr_in& connector, const std::string& passcode);

    Loop& _loop;
    Counters& _counters;
    Tls* _tls;
    unsigned _nextSource = 0;
    std::unique_ptr<Listener> _listener;
    std::list<std::unique_ptr<Connection>> _connections;
};

} // namespace bench
