#pragma once

#include "model/ConnectionReport.h"
#include "net/Stream.h"
#include "protocol/Protocol.h"
#include "relay/Heartbeat.h"
#include "relay/Messages.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace connector {

/// A connection that is to be joined, or is joined, to another one.
struct RelayPeer {
    /// What the log calls it: a literal.
    const char* name = "";
    /// The port of the mapping that it came by: 0 for port1, 1 for port2.
    std::size_t side = 0;
    std::unique_ptr<Stream> stream;
    Protocol protocol = Protocol::Raw;
    /// Of the connection; of a stream of PIPE/2, none.
    ConnectionTag tag{};
    /// Set when it speaks PIPE/1.
    std::optional<Heartbeat::Settings> heartbeat;
    /// Payload that was received from it and has not been sent on.
    Messages held;
    /// Payload that was received from it and has been sent on already.
    std::size_t sentBefore = 0;
    /// Of an agent, or a Connector, that begins the conversation: whom it is for. Empty at any other peer: a
    /// visitor's address is its stream's.
    std::string visitor;
    /// Of an agent of PIPE/1: of the passcode that it has proved itself with (Passcodes).
    int passcodeGeneration = 0;
    /// When it came and began to wait for the other one.
    EventLoop::Clock::time_point since;
    /// What came of a relay for one of its peers.
    enum class Outcome {
        Answered,   ///< payload came from it
        Unanswered, ///< payload was sent to it, and none came back
        Unknown,    ///< none of that, or the relay was broken off
    };
    /// Called, on the relay's loop, before the peer's connection is told that the relay is over.
    std::function<void(Outcome outcome)> onLeaving;
    /// Called, on the relay's loop, when the peer's connection is over both ways, while there may still be
    /// something to deliver to the other peer.
    std::function<void()> onGone;
};

} // namespace connector
