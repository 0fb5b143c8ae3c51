#pragma once

#include <cstddef>
#include <cstdint>

namespace connector::test {

/// The bytes that the kernel holds for the socket with these ports, which its program has not read yet; 0
/// when there is no such socket.
std::size_t unreadBytes(std::uint16_t localPort, std::uint16_t remotePort);

/// The connections to a listening port that its program has not accepted yet.
std::size_t unacceptedConnections(std::uint16_t port);

} // namespace connector::test
