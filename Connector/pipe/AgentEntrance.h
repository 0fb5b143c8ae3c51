#pragma once

#include "base/Lifeline.h"
#include "pipe/Newcomers.h"
#include "pipe/PipeEnvironment.h"
#include "pipe/RecentAddresses.h"
#include "pipe/SlowedAddresses.h"

#include <Poco/Net/SocketAddress.h>

#include <memory>
#include <string>

namespace connector {

/// Lets connections in that say to be agents', before anything is known of them: those of slowed addresses
/// wait (SlowedAddresses), and where too many are still to be authorized, one goes (Newcomers). Lives on its
/// owner's loop.
class AgentEntrance final : public Acceptor, private SlowedAddresses::Door {
  public:
    /// Whoever authorizes them.
    class Owner {
      public:
        /// One that is in. isKnown: agents came from its address lately. hasTurn:
        /// AgentConnection::hasTurn(). The owner says await() of it, unless it has ended.
        virtual void onEntered(std::unique_ptr<SocketStream> accepted, bool isKnown, bool hasTurn) = 0;
        /// Why one had to go for another, in words.
        virtual std::string crowded() const = 0;

      protected:
        ~Owner() = default;
    };

    /// lifeline: the owner's. newcomers: of all whom it bounds together. All references must outlive it.
    AgentEntrance(EventLoop& loop, PipeEnvironment& environment, const Lifeline& lifeline,
                  Newcomers& newcomers, Owner& owner);

    void onAccepted(Descriptor socket, const Poco::Net::SocketAddress& peer,
                    DescriptorBudget::Lease lease) override;

    /// One that was let in is a newcomer until it is removed from those.
    void await(Newcomer& newcomer, const Poco::Net::SocketAddress& peer, bool isKnown);

    /// An agent has come from this address: the next ones may be in a hurry.
    void remember(const Poco::Net::IPAddress& address);

    /// Whether one has lately, from those of this owner (ownerOf()).
    bool knows(const std::string& owner) const { return _known.has(owner, _loop.now()); }

    /// Closes those that wait, and lets nobody in any more.
    void close();

  private:
    void onTurn(SlowedAddresses::Connection connection) override;
    void letIn(SlowedAddresses::Connection connection, bool hasTurn);

    EventLoop& _loop;
    PipeEnvironment& _environment;
    const Lifeline& _lifeline;
    Newcomers& _newcomers;
    Owner& _owner;
    RecentAddresses _known;
    bool _isClosed = false;
};

} // namespace connector
