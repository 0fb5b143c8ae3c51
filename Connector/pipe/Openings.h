#pragma once

#include "base/Durations.h"
#include "base/Lifeline.h"
#include "pipe/Opening.h"
#include "pipe/Pipe2Connection.h"
#include "relay/RelaySet.h"

#include <atomic>
#include <functional>
#include <memory>
#include <string>

namespace connector {

/// Begins the conversations of one pipe over its connections of PIPE/2, at either end: those that are
/// accepted become relays; the pipe hears of the others. Lives on its pipe's loop, whatever loops the
/// connections run on.
class Openings final : private Opening::Owner {
  public:
    /// The pipe. Called on its loop.
    class Owner {
      public:
        /// The other end has said no.
        virtual void onRefused(RelayPeer opener, const Opening::Refusal& refusal) = 0;
        /// Nobody has seen it: another connection may be tried.
        virtual void onNotProcessed(RelayPeer opener, const std::string& why) = 0;

      protected:
        ~Owner() = default;
    };

    /// name: what a relay calls the other end, a literal. All references must outlive it, and it must outlive
    /// what holds on to the lifeline.
    Openings(EventLoop& home, const Lifeline& lifeline, RelaySet& relays, const char* name, Owner& owner);

    /// Opens a stream for a connection that has something to say.
    void begin(RelayPeer opener, Pipe2Connection& connection);

    /// Those that were begun, and neither joined nor given back. Any thread.
    int count() const { return _count.load(std::memory_order_relaxed); }

    /// How long those that were accepted have taken: from CONNECT to the answer. Any thread.
    const Durations& times() const { return _times; }

  private:
    void onOpened(EventLoop& loop, RelayPeer opener, std::unique_ptr<Stream> stream,
                  EventLoop::Clock::duration took) override;
    void onRefused(EventLoop& loop, RelayPeer opener, const Opening::Refusal& refusal) override;
    void onNotProcessed(EventLoop& loop, RelayPeer opener, const std::string& why) override;
    void runAtHome(RelayPeer opener, std::function<void(RelayPeer)> function);

    EventLoop& _home;
    const Lifeline& _lifeline;
    RelaySet& _relays;
    std::atomic<int> _count{0};
    const char* const _name;
    Owner& _owner;
    Durations _times;
};

/// Joins the two, on the thread of `loop`; an opener that is a stream hears that it is accepted. Bytes are
/// counted by the port that they come in at, whoever begins.
void joinOpened(RelaySet& relays, EventLoop& loop, RelayPeer opener, RelayPeer other);

} // namespace connector
