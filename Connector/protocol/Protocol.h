#pragma once

namespace connector {

/// What the peer at a connection speaks.
enum class Protocol {
    Raw,   ///< bytes and nothing else: a visitor, or an agent's target
    Pipe1, ///< payload with heartbeats in it, and no half-close
    Pipe2, ///< bytes and nothing else, in a stream of an HTTP/2 session
};

} // namespace connector
