#pragma once

#include "base/Durations.h"
#include "base/Lifeline.h"
#include "pipe/ConnectionQuery.h"
#include "pipe/PipeEnvironment.h"
#include "pipe/PipeStatus.h"
#include "pipe/TurnsByAddress.h"
#include "pipe/VisitorAccess.h"
#include "pipe/VisitorGate.h"

#include <Poco/Logger.h>

#include <array>
#include <atomic>
#include <memory>
#include <optional>
#include <string>

namespace connector {

/// The visitors of a public mapping's port2 that wait for an agent, or an agent's local clients that wait for
/// a connection to Connector. In TLS the handshake is done while they wait. Lives on its pipe's loop.
///
/// No partner is spent on a visitor that says nothing, unless the partner can be told of it all the same
/// (PIPE/2). So while partners wait, each visitor is asked for its first bytes; while none waits, visitors
/// are not read: what they send stays in the kernel, or with them.
///
/// Addresses take turns (TurnsByAddress), and where there is no place for another visitor, the address that
/// has the most makes room for one that has fewer.
class VisitorEndpoint final : public Acceptor {
  public:
    /// The pipe, which joins visitors.
    class Owner {
      public:
        /// A visitor may have something to say, or has been silent for long enough.
        virtual void onVisitorReady() = 0;
        /// Whether a partner waits for a visitor that says something.
        virtual bool hasPartner() const = 0;
        /// A place is needed for another one: whether a relay of a visitor of that address (ownerOf()) is
        /// ended for it.
        virtual bool onNoPlace(const std::string& address) = 0;

      protected:
        ~Owner() = default;
    };

    /// access: how they connect; it must outlive the endpoint. name and role: what the log calls the endpoint
    /// and its visitors; role is a literal. lifeline: the pipe's. All references must outlive the endpoint.
    VisitorEndpoint(EventLoop& loop, PipeEnvironment& environment, const VisitorAccess& access,
                    std::string name, const char* role, const Lifeline& lifeline, Owner& owner);
    ~VisitorEndpoint();

    /// What the log calls it, and what visitors that come from now on may do. limits: all of them given.
    void change(std::string name, const TrafficLimits& limits);

    void onAccepted(Descriptor socket, const Poco::Net::SocketAddress& peer,
                    DescriptorBudget::Lease lease) override;

    /// As onAccepted(), for one who has asked for the mapping by its name, in TLS.
    void onAsked(Descriptor socket, const Poco::Net::SocketAddress& peer, DescriptorBudget::Lease lease);

    /// Asks visitors for their first bytes, those that came first before the others, until one has said
    /// something: true then, and takeSpoken() takes that one.
    bool findSpoken();

    /// Takes the visitor that findSpoken() has found, as the end of a relay that holds its first bytes.
    RelayPeer takeSpoken();

    /// Whether there is a visitor that was asked and has said nothing for limits.first-bytes.
    bool hasSilent() const;

    /// Whether there is one that may have something to say, or has said it.
    bool hasReady() const { return !listOf(State::Ready).isEmpty(); }

    /// The address (ownerOf()) that has the most visitors, waiting or in relays, if it has more than the one
    /// whose turn is next of those that may have something to say; "" when there is none.
    std::string busierThanNext() const;

    /// Takes the one that has been silent the longest.
    RelayPeer takeSilent();

    /// Takes back a visitor that was not joined after all; it waits in front of all others, for what is left
    /// of its time.
    void putBack(RelayPeer visitor);

    /// Closes a visitor that was taken, with nothing sent.
    void drop(RelayPeer visitor, const std::string& why);

    /// Adds those that wait.
    void report(ConnectionQuery& query) const;

    /// Closes that one and adds it; false when it does not wait here.
    bool end(std::uint64_t number, const std::string& why, ConnectionQuery& query);

    /// Closes all connections.
    void closeAll();

    /// Of those that wait, the ones that need an agent now: they may have something to say, or have said it.
    std::size_t readyCount() const;

    /// Any thread.
    int waitingCount() const { return _waitingCount.load(std::memory_order_relaxed); }

    /// Any thread.
    VisitorRefusalCounts::Values refused() const { return _refused.values(); }

    /// Any thread: visitors that were let in, whatever has become of them.
    std::uint64_t admitted() const { return _admitted.load(std::memory_order_relaxed); }

    /// Any thread: how long visitors have waited for the first agent that they were given, or, if they were
    /// asked and said nothing, since they have.
    const Durations& waits() const { return _waits; }

  private:
    class Visitor;
    enum class State {
        Handshaking, ///< its TLS handshake is not complete
        Ready,       ///< may have something to say, or has been asked and has said it
        Asked,       ///< had nothing to say when it was asked, but may be about to
        Silent,      ///< has said nothing for limits.first-bytes
    };
    using Turns = TurnsByAddress<std::unique_ptr<Visitor>>;
    static constexpr std::size_t kStates = 4;

    Turns& listOf(State state) { return _visitors[static_cast<std::size_t>(state)]; }
    const Turns& listOf(State state) const { return _visitors[static_cast<std::size_t>(state)]; }
    enum class Asked { ByPort, ByName };

    void letIn(Descriptor socket, const Poco::Net::SocketAddress& peer, DescriptorBudget::Lease lease,
               Asked asked);
    bool admit(const Poco::Net::SocketAddress& newcomer, DescriptorBudget::Lease& lease);
    bool makePlace(const std::string& newcomer);
    bool makeRoom(const Poco::Net::SocketAddress& newcomer);
    std::size_t waitingOf(const std::string& address) const;
    std::string mostWaiting() const;
    Visitor* find(std::uint64_t number) const;
    Visitor* leastWorthyOf(const std::string& address) const;
    void refuse(const Poco::Net::SocketAddress& peer, VisitorRefusal refusal, const std::string& why);
    void onReady(Visitor& visitor);
    void onNothingSaid(Visitor& visitor, bool hasEnded);
    void onSilent(Visitor& visitor);
    void onEnded(Visitor& visitor);
    void enter(Visitor& visitor, State state);
    void onGone(Visitor& visitor, const std::string& why, std::optional<VisitorRefusal> refusal = {});
    void close(Visitor& visitor);
    RelayPeer take(Visitor& visitor);
    std::unique_ptr<Stream> remove(Visitor& visitor);
    void logTurnedAway(const Poco::Net::SocketAddress& peer, const std::string& why);

    EventLoop& _loop;
    PipeEnvironment& _environment;
    const VisitorAccess& _access;
    std::string _name;
    const char* const _role;
    const Lifeline& _lifeline;
    Owner& _owner;
    const std::shared_ptr<VisitorGate> _gate;
    std::array<Turns, kStates> _visitors;
    VisitorRefusalCounts _refused;
    std::atomic<std::uint64_t> _admitted{0};
    Durations _waits;
    std::atomic<int> _waitingCount{0};
};

} // namespace connector
