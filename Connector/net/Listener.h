#pragma once

#include "base/Descriptor.h"
#include "net/DescriptorBudget.h"
#include "net/EventLoop.h"
#include "net/ListeningSockets.h"
#include "net/Timer.h"

#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/SocketAddress.h>

#include <optional>

namespace connector {

/// Whoever takes the connections that a listener accepts.
class Acceptor {
  public:
    /// socket: connected and non-blocking. lease: its place in the descriptor budget, empty without a budget.
    virtual void onAccepted(Descriptor socket, const Poco::Net::SocketAddress& peer,
                            DescriptorBudget::Lease lease) = 0;

  protected:
    ~Acceptor() = default;
};

/// A listening TCP socket. It may be made on any thread; what it accepts, it accepts on the loop of start(),
/// where it must also be destroyed.
///
/// When descriptors run out, those of the budget or the kernel's, or ListeningSockets pause, new connections
/// wait in the backlog, and the listener tries again ten times a second; it never spins.
class Listener final : private EventHandler {
  public:
    /// Listens on a socket of ListeningSockets::open(); connections queue in the kernel until start().
    /// budget: what each connection needs a lease of, or null. Both must outlive the listener. Throws
    /// Poco::Net::NetException, and Poco::IOException when no descriptor is left.
    Listener(ListeningSockets& sockets, const Poco::Net::SocketAddress& address,
             const ListeningSockets::Settings& settings, DescriptorBudget* budget);
    ~Listener();

    /// On the loop's thread: for connections that come from now on. Options that the kernel refuses stay as
    /// they are.
    void change(int backlog, const TcpOptions& options);

    /// On the loop's thread. False when the kernel has no room for another watch.
    bool start(EventLoop& loop, Acceptor& acceptor);

  private:
    void onEvents(std::uint32_t events) override;
    bool acceptOne();

    ListeningSockets& _sockets;
    Poco::Net::ServerSocket _socket;
    DescriptorBudget* _budget;
    DescriptorBudget::Lease _lease;
    EventLoop* _loop = nullptr;
    Acceptor* _acceptor = nullptr;
    std::optional<Timer> _retry;
};

} // namespace connector
