#pragma once

#include <cstdint>
#include <string>

namespace connector::test {

/// A run of loopback ports that nothing uses, this test's own until the object goes: suites run in parallel,
/// each in a process of its own, and a port must still be free after the Connector that held it was
/// restarted. So the block lies below the ports that the kernel gives to outgoing connections, and is claimed
/// with an abstract Unix socket.
class PortBlock {
  public:
    static constexpr std::uint16_t kSize = 128;

    PortBlock();
    ~PortBlock();
    PortBlock(const PortBlock&) = delete;
    PortBlock& operator=(const PortBlock&) = delete;

    std::uint16_t first() const { return _first; }

    /// The ports first()+from .. first()+to, both included, as the configuration writes them.
    std::string range(std::uint16_t from, std::uint16_t to) const;

  private:
    bool claim(int number);

    int _claim = -1;
    std::uint16_t _first = 0;
};

/// Whether nothing is bound to this port of 127.0.0.1 and ::1.
bool isPortFree(std::uint16_t port);

} // namespace connector::test
