#pragma once

#include "base/Descriptor.h"
#include "net/DescriptorBudget.h"
#include "net/Timer.h"
#include "pipe/PipeLimits.h"

#include <Poco/Net/SocketAddress.h>

#include <chrono>
#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <string>

namespace connector {

/// The addresses that have sent many wrong passcodes to one port, and their connections that wait there: no
/// work is done for these, not even a TLS handshake, until a pause is over. Then all that wait by then are
/// served, one after the other, so that those with the right passcode get in, whoever else is behind the
/// same address. If one of them was wrong there is another pause, twice as long, unless agents with the right
/// passcode come from there, too, who would have to wait as well; if none was, all is forgiven. The addresses
/// of an IPv6 /64 count as one. Lives on its pipe's loop.
class SlowedAddresses {
  public:
    /// An accepted connection.
    struct Connection {
        Descriptor socket;
        Poco::Net::SocketAddress peer;
        DescriptorBudget::Lease lease;
    };

    /// The endpoint.
    class Owner {
      public:
        /// It is this connection's turn; the owner says turnIsOver() when its passcode was judged, or it has
        /// ended.
        virtual void onTurn(Connection connection) = 0;
        /// The address has been wrong too often, and its next connections wait for so long.
        virtual void onSlowed(const Poco::Net::IPAddress& address, std::chrono::milliseconds pause) = 0;
        /// Whether there are agents of this address, or one of its owner's, that had the right passcode.
        virtual bool hasAgentsOf(const Poco::Net::IPAddress& address) const = 0;

      protected:
        ~Owner() = default;
    };

    /// All references must outlive the object.
    SlowedAddresses(EventLoop& loop, const PipeLimits& limits, Owner& owner);
    ~SlowedAddresses();

    /// Whether connections of this address have to park().
    bool isSlowed(const Poco::Net::IPAddress& address) const;

    /// Takes a connection of a slowed address. When more than limits.authorizing are parked, the oldest one
    /// of the address that has the most is closed.
    void park(Connection connection);

    /// A passcode of this address was wrong.
    void addWrong(const Poco::Net::IPAddress& address);

    /// A connection that has had its turn was judged, or has ended before.
    void turnIsOver(const Poco::Net::IPAddress& address, bool wasRight);

    /// Closes what is parked, and forgets everything.
    void clear();

  private:
    class Address;
    using Addresses = std::map<std::string, std::unique_ptr<Address>>; ///< by ownerOf()

    Address* find(const Poco::Net::IPAddress& address) const;
    Address* findOrAdd(const Poco::Net::IPAddress& address);
    void forget(Address& address);
    void makeRoom();

    EventLoop& _loop;
    const PipeLimits& _limits;
    Owner& _owner;
    Addresses _addresses;
    std::size_t _parked = 0;
};

} // namespace connector
