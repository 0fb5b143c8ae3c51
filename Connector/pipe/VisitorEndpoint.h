#pragma once

#include "pipe/LimitedLog.h"
#include "pipe/PipeEnvironment.h"
#include "pipe/VisitorAccess.h"

#include <Poco/Logger.h>

#include <atomic>
#include <list>
#include <memory>
#include <string>

namespace connector {

/// The visitors of a public mapping's port2 that wait for an agent, or an agent's local clients that wait for
/// a connection to Connector. They wait unread: what they send stays in the kernel, or with them. In TLS the
/// handshake is done while they wait, and only then is a partner spent on them. Lives on its pipe's loop.
class VisitorEndpoint final : public Acceptor {
  public:
    /// The pipe, which joins visitors.
    class Owner {
      public:
        /// A visitor is ready to be joined.
        virtual void onVisitorReady() = 0;

      protected:
        ~Owner() = default;
    };

    /// access: how they connect; it must outlive the endpoint. name and role: what the log calls the endpoint
    /// and its visitors; role is a literal.
    VisitorEndpoint(EventLoop& loop, PipeEnvironment& environment, const VisitorAccess& access,
                    std::string name, const char* role, Owner& owner);
    ~VisitorEndpoint();

    void onAccepted(Descriptor socket, const Poco::Net::SocketAddress& peer,
                    DescriptorBudget::Lease lease) override;

    bool hasReady() const { return !_ready.empty(); }

    /// Takes the visitor that has been ready the longest, as the end of a relay.
    RelayEnd takeReady();

    /// Takes back a visitor that was not joined after all; it waits anew, in front of all others.
    void putBack(RelayEnd visitor);

    /// Closes a visitor that was taken, with nothing sent.
    void drop(RelayEnd visitor, const std::string& why);

    /// Closes all connections.
    void closeAll();

    /// Any thread.
    int waitingCount() const { return _waitingCount.load(std::memory_order_relaxed); }

  private:
    class Visitor;
    using List = std::list<std::unique_ptr<Visitor>>;

    void onShaken(Visitor& visitor);
    void onGone(Visitor& visitor, const std::string& why);
    void close(Visitor& visitor);
    std::unique_ptr<Stream> remove(Visitor& visitor);
    void logTurnedAway(const std::string& peer, const std::string& why);

    EventLoop& _loop;
    PipeEnvironment& _environment;
    const VisitorAccess& _access;
    const std::string _name;
    const char* const _role;
    Owner& _owner;
    List _shaking; ///< TLS handshake not done
    List _ready;   ///< oldest first
    std::atomic<int> _waitingCount{0};
    LimitedLog _endings;
};

} // namespace connector
