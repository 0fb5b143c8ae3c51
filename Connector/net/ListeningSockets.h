#pragma once

#include "base/Descriptor.h"
#include "net/TcpOptions.h"

#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/SocketAddress.h>

#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace connector {

/// The listening sockets of the process. A socket that is kept goes on queueing connections in the kernel,
/// though nobody accepts them: so it can pass from one process to another, or from one listener to the next,
/// and no client is refused. Any thread.
class ListeningSockets {
  public:
    /// How a socket listens.
    struct Settings {
        /// Whether an IPv6 address is for IPv6 alone.
        bool v6Only;
        /// Connections that the kernel queues until they are accepted.
        int backlog;
        /// Of the connections.
        TcpOptions tcp{};
    };

    /// Takes a kept socket that listens on the address, or makes one. Non-blocking. Throws
    /// Poco::Net::NetException when the address is not to be had.
    Poco::Net::ServerSocket open(const Poco::Net::SocketAddress& address, const Settings& settings);

    /// A socket of open() that is not needed any more: it is closed when its last owner lets go of it, or
    /// kept.
    void release(const Poco::Net::ServerSocket& socket);

    /// Keeps a listening socket that another process had.
    void adopt(Descriptor socket);

    /// From now on, sockets that are released are kept.
    void keepReleased();

    /// Closes all that are kept, and those that are released later at once.
    void closeKept();

    /// From now on all listeners leave connections in the kernel's queues, or not any more. One that is just
    /// accepting goes on for its turn (EventLoops::passAll()).
    void pauseAccepting(bool isPaused) { _isPaused.store(isPaused, std::memory_order_relaxed); }
    bool isAcceptingPaused() const { return _isPaused.load(std::memory_order_relaxed); }

    /// Those that are in use, and those that are kept; none is closed while a copy of it is there.
    std::vector<Poco::Net::ServerSocket> all() const;

  private:
    mutable std::mutex _mutex;
    std::map<int, Poco::Net::ServerSocket> _open;              ///< by their descriptors
    std::multimap<std::string, Poco::Net::ServerSocket> _kept; ///< by their addresses
    bool _keepsReleased = false;
    std::atomic<bool> _isPaused{false};
};

} // namespace connector
