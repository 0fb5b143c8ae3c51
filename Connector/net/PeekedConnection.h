#pragma once

#include "base/Descriptor.h"
#include "net/DescriptorBudget.h"
#include "net/EventLoop.h"

#include <Poco/Net/SocketAddress.h>

#include <span>
#include <sys/types.h>

namespace connector {

/// An accepted connection whose first bytes are looked at in the kernel, and stay there: whoever gets the
/// socket then finds them untouched. Lives on its loop.
class PeekedConnection : private EventHandler {
  public:
    PeekedConnection(EventLoop& loop, Descriptor socket, const Poco::Net::SocketAddress& peer,
                     DescriptorBudget::Lease lease);
    virtual ~PeekedConnection();

    PeekedConnection(const PeekedConnection&) = delete;
    PeekedConnection& operator=(const PeekedConnection&) = delete;

    /// look() is called from now on whenever something has come. False when the kernel has no room for
    /// another watch.
    bool watch();

    /// Hears of no events any more: the socket may go elsewhere, or be closed.
    void stop();

    DescriptorBudget::Lease lease; ///< given back once the socket is closed
    Descriptor socket;
    const Poco::Net::SocketAddress peer;

  protected:
    bool isStopped() const { return _isStopped; }

    /// Nothing more will come than is there.
    bool hasEnded() const { return _hasEnded; }

    /// What the kernel holds, without taking it. At the end of what the peer sends: 0; less than 0: errno.
    ssize_t peek(std::span<std::byte> into) const;

    /// How many bytes the kernel holds.
    std::size_t available() const;

    /// Only of what peek() has seen.
    void take(std::span<std::byte> bytes) const;

  private:
    virtual void look() = 0;
    void onEvents(std::uint32_t events) override;

    EventLoop& _loop;
    bool _isWatched = false;
    bool _isStopped = false;
    bool _hasEnded = false;
};

} // namespace connector
