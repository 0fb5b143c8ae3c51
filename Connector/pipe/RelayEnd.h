#pragma once

#include "net/Stream.h"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace connector {

/// What the other end of a connection speaks.
enum class Protocol {
    Raw,   ///< bytes and nothing else: a visitor, or an agent's target
    Pipe1, ///< payload with heartbeats in it, and no half-close
    Pipe2, ///< lines while idle, bytes and nothing else once it is opened
};

/// A connection that is to be joined, or is joined, to another one.
struct RelayEnd {
    /// What the log calls it: a literal.
    const char* name = "";
    std::unique_ptr<Stream> stream;
    Protocol protocol = Protocol::Raw;
    /// Payload that was received from it before there was a relay.
    std::vector<std::byte> held;
    /// Of the end that begins the conversation: the visitor's address, for OPEN. Empty at the other end.
    std::string visitor;
    /// Called, on the relay's loop, before the end's connection is told that the relay is over.
    std::function<void()> onLeaving;
    /// Called, on the relay's loop, when the end's connection is over both ways, while there may still be
    /// something to deliver to the other end.
    std::function<void()> onGone;
};

} // namespace connector
