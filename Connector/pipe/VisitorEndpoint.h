#pragma once

#include "base/Lifeline.h"
#include "base/LimitedLog.h"
#include "pipe/PipeEnvironment.h"
#include "pipe/VisitorAccess.h"

#include <Poco/Logger.h>

#include <array>
#include <atomic>
#include <list>
#include <memory>
#include <string>

namespace connector {

/// The visitors of a public mapping's port2 that wait for an agent, or an agent's local clients that wait for
/// a connection to Connector. In TLS the handshake is done while they wait. Lives on its pipe's loop.
///
/// No partner is spent on a visitor that says nothing, unless the partner can be told of it all the same
/// (PIPE/2). So while partners wait, each visitor is asked for its first bytes; while none waits, visitors
/// are not read: what they send stays in the kernel, or with them.
class VisitorEndpoint final : public Acceptor {
  public:
    /// The pipe, which joins visitors.
    class Owner {
      public:
        /// A visitor may have something to say, or has been silent for long enough.
        virtual void onVisitorReady() = 0;
        /// Whether a partner waits for a visitor that says something.
        virtual bool hasPartner() const = 0;

      protected:
        ~Owner() = default;
    };

    /// access: how they connect; it must outlive the endpoint. name and role: what the log calls the endpoint
    /// and its visitors; role is a literal. lifeline: the pipe's. All references must outlive the endpoint.
    VisitorEndpoint(EventLoop& loop, PipeEnvironment& environment, const VisitorAccess& access,
                    std::string name, const char* role, const Lifeline& lifeline, Owner& owner);
    ~VisitorEndpoint();

    /// What the log calls it from now on.
    void rename(std::string name) { _name = std::move(name); }

    void onAccepted(Descriptor socket, const Poco::Net::SocketAddress& peer,
                    DescriptorBudget::Lease lease) override;

    /// Asks visitors for their first bytes, those that came first before the others, until one has said
    /// something: true then, and takeSpoken() takes that one.
    bool findSpoken();

    /// Takes the visitor that findSpoken() has found, as the end of a relay that holds its first bytes.
    RelayPeer takeSpoken();

    /// Whether there is a visitor that was asked and has said nothing for limits.first-bytes.
    bool hasSilent() const;

    /// Takes the one that has been silent the longest.
    RelayPeer takeSilent();

    /// Takes back a visitor that was not joined after all; it waits in front of all others, for what is left
    /// of its time.
    void putBack(RelayPeer visitor);

    /// Closes a visitor that was taken, with nothing sent.
    void drop(RelayPeer visitor, const std::string& why);

    /// Closes all connections.
    void closeAll();

    /// Any thread.
    int waitingCount() const { return _waitingCount.load(std::memory_order_relaxed); }

  private:
    class Visitor;
    enum class State {
        Handshaking, ///< its TLS handshake is not complete
        Ready,       ///< may have something to say, or has been asked and has said it
        Asked,       ///< had nothing to say when it was asked, but may be about to
        Silent,      ///< has said nothing for limits.first-bytes
    };
    using List = std::list<std::unique_ptr<Visitor>>;
    static constexpr std::size_t kStates = 4;

    List& listOf(State state) { return _visitors[static_cast<std::size_t>(state)]; }
    const List& listOf(State state) const { return _visitors[static_cast<std::size_t>(state)]; }
    bool makeRoom(const Poco::Net::SocketAddress& newcomer);
    void onReady(Visitor& visitor);
    void onNothingSaid(Visitor& visitor, bool hasEnded);
    void onSilent(Visitor& visitor);
    void onEnded(Visitor& visitor);
    void enter(Visitor& visitor, State state);
    void onGone(Visitor& visitor, const std::string& why);
    void close(Visitor& visitor);
    RelayPeer take(Visitor& visitor);
    std::unique_ptr<Stream> remove(Visitor& visitor);
    void logTurnedAway(const std::string& peer, const std::string& why);

    EventLoop& _loop;
    PipeEnvironment& _environment;
    const VisitorAccess& _access;
    std::string _name;
    const char* const _role;
    const Lifeline& _lifeline;
    Owner& _owner;
    std::array<List, kStates> _visitors; ///< of each state, those first that are in it the longest
    std::atomic<int> _waitingCount{0};
    LimitedLog _endings;
};

} // namespace connector
