#pragma once

#include <Poco/Net/ServerSocket.h>

#include <cstdint>
#include <string>
#include <vector>

namespace connector::test {

/// A run of ports that nothing uses, this test's own until the object goes: suites run in parallel, each in a
/// process of its own, and a port must still be free after the Connector that held it was restarted. So the
/// block lies below the ports that the kernel gives to outgoing connections, and is claimed with an abstract
/// Unix socket. Each port has a socket bound to it that doesn't listen, so that no other program is given it;
/// Connector still is, as both reuse addresses. (As a rule the tests have a network of their own besides:
/// isolated.sh.)
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
    /// Whether every port of the block was free, and is reserved now.
    bool reserve();

    int _claim = -1;
    std::uint16_t _first = 0;
    std::vector<Poco::Net::ServerSocket> _reserved;
};

/// Whether nothing is bound to this port of 127.0.0.1 and ::1.
bool isPortFree(std::uint16_t port);

} // namespace connector::test
