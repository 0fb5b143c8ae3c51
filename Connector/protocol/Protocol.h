#pragma once

namespace connector {

/// What the peer at a connection speaks.
enum class Protocol {
    Raw,   ///< bytes and nothing else: a visitor, or an agent's target
    Pipe1, ///< payload with heartbeats in it, and no half-close
    Pipe2, ///< lines while idle, bytes and nothing else once it is opened
};

} // namespace connector
