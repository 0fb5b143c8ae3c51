#pragma once

#include <cstddef>
#include <cstdint>
#include <set>

namespace connector::test {

/// What the kernel says about the sockets of the programs under test.

/// The bytes that it holds for the socket with these ports, which its program has not read yet; 0 when there
/// is no such socket.
std::size_t unreadBytes(std::uint16_t localPort, std::uint16_t remotePort);

/// The bytes that it holds unread for all connections with this port at their end together.
std::size_t unreadBytesAt(std::uint16_t localPort);

/// The bytes that it holds for the socket with these ports and has not sent, or not had acknowledged; 0 when
/// there is no such socket.
std::size_t unacknowledgedBytes(std::uint16_t localPort, std::uint16_t remotePort);

/// The connections to a listening port that its program has not accepted yet.
std::size_t unacceptedConnections(std::uint16_t port);

/// The ports at the other ends of the connections that are established at a port.
std::set<std::uint16_t> portsConnectedTo(std::uint16_t localPort);

/// The memory of a connection in the kernel, bookkeeping included, and its limits, in bytes.
struct SocketMemory {
    std::size_t received = 0;
    std::size_t mostReceived = 0; ///< SO_RCVBUF
    std::size_t toSend = 0;
    std::size_t mostToSend = 0; ///< SO_SNDBUF
};

/// That of the socket with these ports, as ss(8) tells it. Throws when there is no such socket.
SocketMemory socketMemory(std::uint16_t localPort, std::uint16_t remotePort);

/// Whether the keepalive timer runs for the socket with these ports.
bool hasKeepalive(std::uint16_t localPort, std::uint16_t remotePort);

} // namespace connector::test
