#pragma once

#include "base/Descriptor.h"
#include "base/Lifeline.h"
#include "base/Reloadable.h"
#include "net/DescriptorBudget.h"
#include "net/LimitedLog.h"
#include "net/Timer.h"
#include "pipe/AgentRejection.h"
#include "pipe/PipeLimits.h"

#include <Poco/Net/SocketAddress.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <unordered_set>

namespace connector {

/// The addresses that have sent many wrong passcodes to the process, at whichever ports, and their
/// connections that wait: no work is done for these, not even a TLS handshake, until a pause is over. Then
/// all that wait by then are served, one after the other, those of each port in turn, so that those with the
/// right passcode get in, whoever else is behind the same address. If one of them was wrong there is another
/// pause, twice as long, unless agents with the right passcode come from there, too, who would have to wait
/// as well; if none was, all is forgiven. The addresses of an IPv6 /64 count as one.
///
/// Functions are for any thread unless they say otherwise; what they cause happens on one loop.
class SlowedAddresses {
  public:
    /// An accepted connection.
    struct Connection {
        Descriptor socket;
        Poco::Net::SocketAddress peer;
        DescriptorBudget::Lease lease;
    };

    /// A port that agents come to.
    class Door {
      public:
        /// It is this connection's turn; turnIsOver() is to be said when its passcode was judged, or it has
        /// ended. On the port's loop.
        virtual void onTurn(Connection connection) = 0;

      protected:
        ~Door() = default;
    };

    /// Where a door is, and what keeps it there.
    struct DoorAt {
        Door* door;
        EventLoop* loop;
        Lifeline::Hold hold;
    };

    /// home: the loop of its own work, which must run until this is destroyed. rejections: of
    /// the process. All references must outlive it.
    SlowedAddresses(EventLoop& home, const Reloadable<PipeLimits>& limits, LimitedLog& log,
                    AgentRejectionCounts& rejections);

    /// Not on a loop. All doors must have been closed.
    ~SlowedAddresses();

    /// Whether connections of this owner's addresses (ownerOf()) have to park().
    bool isSlowed(const std::string& owner) const;

    /// Takes a connection of a slowed address. When more than limits.authorizing of an address are parked, or
    /// four times as many in all, one of the address and port that have the most is closed
    /// (Newcomers::whoGoes()).
    void park(DoorAt at, Connection connection);

    /// A passcode of this address was wrong. doorName: where, for the log.
    void addWrong(const Poco::Net::IPAddress& address, const std::string& doorName);

    /// A connection that has had its turn was judged, or has ended before.
    void turnIsOver(const Poco::Net::IPAddress& address, bool wasRight);

    /// Closes what is parked for a door.
    void closeAll(const Door& door);

    /// An agent of this owner's addresses has one of a mapping's places, or has it no more.
    void addAgent(const std::string& owner);
    void removeAgent(const std::string& owner);

  private:
    class Address;
    using Addresses = std::map<std::string, std::unique_ptr<Address>>; ///< by ownerOf()

    void parkInLoop(DoorAt at, Connection connection);
    void addWrongInLoop(const Poco::Net::IPAddress& address, const std::string& doorName);
    Address* find(const Poco::Net::IPAddress& address) const;
    Address* findOrAdd(const Poco::Net::IPAddress& address);
    void setSlowed(const std::string& owner, bool isSlowed);
    bool hasAgents(const std::string& owner) const;
    void onSlowed(const Address& address, std::chrono::milliseconds pause);
    void forget(Address& address);
    void makeRoom();

    EventLoop& _loop;
    const Reloadable<PipeLimits>& _limits;
    LimitedLog& _log;
    AgentRejectionCounts& _rejections;
    Addresses _addresses;
    std::list<Address*> _counted; ///< those that are not slowed, first that which was wrong the longest ago
    std::size_t _parked = 0;
    mutable std::mutex _mutex; ///< for the two that follow
    std::unordered_set<std::string> _slowed;
    std::unordered_map<std::string, int> _agents;
    std::atomic<bool> _areAnySlowed{false};
};

} // namespace connector
