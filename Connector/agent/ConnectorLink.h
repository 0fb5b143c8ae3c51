#pragma once

#include "agent/AgentConfiguration.h"
#include "agent/AuthorizedDialer.h"
#include "agent/ConnectorAddress.h"
#include "agent/ReadyLog.h"
#include "pipe/Pipe2Connection.h"

#include <Poco/Logger.h>

#include <memory>
#include <string>
#include <vector>

namespace connector {

/// A pipe's connections of PIPE/2 to one address of Connector: as many as there should be, or the next
/// attempts to make them, whatever becomes of other addresses. Lives on its pipe's loop; it may go while its
/// connections still have streams.
///
/// An address may lead to the Connector that another link is connected to, as a machine may have IPv4 and
/// IPv6. Then it is in reserve: it only looks now and then whether that is still so.
class ConnectorLink {
  public:
    /// The pipe.
    class Owner {
      public:
        /// Makes a connection, which is still to be started, keeps it until it ends, and tells the link what
        /// happens to it. authorization: what Connector has said to it.
        virtual std::shared_ptr<Pipe2Connection> makeConnection(const ConnectorLink& link,
                                                                const Authorization& authorization) = 0;
        /// Whether another link has a connection to that Connector.
        virtual bool isHeldElsewhere(const ConnectorLink& link, const std::string& instance) const = 0;
        /// Whether another link has a connection at all.
        virtual bool isConnectedElsewhere(const ConnectorLink& link) const = 0;
        /// A connection is there, or one could not be made.
        virtual void onConnected() = 0;
        virtual void onNotConnected(const ConnectorLink& link, const std::string& why) = 0;

      protected:
        ~Owner() = default;
    };

    /// What all links of a pipe share.
    struct Shared {
        EventLoop& loop;
        Resolver& resolver;
        Poco::Logger& log;
        /// What the log calls the pipe.
        const std::string& name;
        const std::string greeting;
        Owner& owner;
    };

    /// tls: null for plain TCP. All references must outlive the link.
    ConnectorLink(const Shared& shared, const AgentPipeSettings& settings, const ConnectorAddress& address,
                  const Poco::Net::Context::Ptr& tls);
    ~ConnectorLink();

    /// Begins to dial. Once.
    void start();

    /// Connections that are made from now on speak TLS in this way; those that rest are tried at once.
    void renewTls(const Poco::Net::Context::Ptr& tls);

    /// Its connections take no new streams, and end when they have none. The last that is called.
    void letGo();

    const ConnectorAddress& address() const { return _address; }

    /// "connector.example:6000": what its streams say they are for.
    std::string authority() const;

    bool isConnected() const;

    /// Whether it has a connection to that Connector.
    bool holds(const std::string& instance) const;

    /// In reserve, it becomes a link like others when the Connector has no connection any more.
    void onConnectionsChanged();

    /// What has happened to a connection that was made for a link. False when that is not this one, or when
    /// it has given the connection up.
    bool onGoingAway(const Pipe2Connection& connection);
    bool onManyStreams(Pipe2Connection& connection);
    bool onEnded(const Pipe2Connection& connection, const std::string& why);

  private:
    class Slot;

    void onAuthorized(Slot& slot, std::unique_ptr<SocketStream> stream, const Authorization& authorization,
                      std::span<const std::byte> received);
    void onNotAuthorized(Slot& slot, const std::string& why, const std::string& instance);
    void hold(std::size_t connections);
    void reserve(Slot& slot, const std::string& instance);
    void endReserve();
    Slot* slotOf(const Pipe2Connection& connection);

    const Shared _shared;
    const ConnectorAddress _address;
    const std::string _name; ///< what the log calls it
    const std::uint16_t _port;
    const std::size_t _connections; ///< 0: as many as Connector says
    const std::size_t _most;
    DialShared _dial;
    ReadyLog _readyLog;
    std::size_t _manyStreams = 0;
    std::string _reserveOf; ///< the instance of the Connector that another link is connected to
    std::vector<std::unique_ptr<Slot>> _slots;
};

} // namespace connector
