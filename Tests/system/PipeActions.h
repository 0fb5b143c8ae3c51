#pragma once

#include "PipeClient.h"

#include <string>

namespace connector::test {

/// So much that a relay whose receiver takes nothing can't take all of it: the kernel's largest buffers
/// (tcp_rmem, tcp_wmem) on either side of Connector, and Connector's own.
constexpr std::size_t kMoreThanBuffersHold = 64U << 20U;

/// Sends the passcode and reads AUTHORIZED. Throws ConnectionLost when Connector closes instead.
void authorize(PipeClient& agent, const std::string& passcode);

/// Whether Connector ends this connection without having sent anything. Throws TimedOut when it does not end.
bool isClosedUnanswered(ByteChannel& client);

/// Whether two joined connections carry bytes both ways.
bool areJoined(ByteChannel& one, ByteChannel& other);

/// Whether a heartbeat is answered, now and with nothing else before.
bool answersBeat(PipeClient& agent, const std::string& heartbeat = "BEAT");

/// Sends a message that Connector is sure to get in one read of its own.
void sendAlone(PipeClient& client, const std::string& message);

/// Whether nothing listens on this port of Connector's any more.
bool refusesConnections(std::uint16_t port);

} // namespace connector::test
