#include "PortBlock.h"

#include <Poco/Exception.h>
#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/SocketAddress.h>

#include <random>
#include <stdexcept>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace connector::test {

namespace {

constexpr int kLowest = 10000;
constexpr int kHighest = 32000;
constexpr int kBlocks = (kHighest - kLowest) / PortBlock::kSize;

/// Bound to this port of all addresses, not listening. Throws when something listens there, or doesn't share
/// it.
Poco::Net::ServerSocket reservationOf(std::uint16_t port) {
    constexpr bool kReuseAddress = true;
    constexpr bool kReusePort = false;
    constexpr bool kIpv6Only = false;
    Poco::Net::ServerSocket socket;
    socket.bind6(Poco::Net::SocketAddress("::", port), kReuseAddress, kReusePort, kIpv6Only);
    return socket;
}

} // namespace

PortBlock::PortBlock() {
    std::random_device random;
    const int start = std::uniform_int_distribution<int>(0, kBlocks - 1)(random);
    for (int tried = 0; tried < kBlocks; ++tried)
        if (claim((start + tried) % kBlocks)) return;
    throw std::runtime_error("no free block of ports on loopback");
}

PortBlock::~PortBlock() {
    ::close(_claim);
}

std::string PortBlock::range(std::uint16_t from, std::uint16_t to) const {
    return std::to_string(_first + from) + "-" + std::to_string(_first + to);
}

bool PortBlock::claim(int number) {
    const std::string name = "iofog-connector-test-ports-" + std::to_string(number);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    name.copy(address.sun_path + 1,
              sizeof(address.sun_path) - 1); // behind a NUL: abstract, gone with its holder
    _claim = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
    _first = static_cast<std::uint16_t>(kLowest + number * kSize);
    if (::bind(_claim, reinterpret_cast<sockaddr*>(&address), length) == 0 && reserve()) return true;
    ::close(_claim);
    return false;
}

bool PortBlock::reserve() {
    try {
        for (std::uint16_t offset = 0; offset < kSize; ++offset)
            _reserved.push_back(reservationOf(static_cast<std::uint16_t>(_first + offset)));
        return true;
    } catch (const Poco::Exception&) {
        _reserved.clear();
        return false;
    }
}

bool isPortFree(std::uint16_t port) {
    try {
        Poco::Net::ServerSocket v4;
        v4.bind(Poco::Net::SocketAddress("127.0.0.1", port), true);
        Poco::Net::ServerSocket v6;
        v6.bind6(Poco::Net::SocketAddress("::1", port), true, true);
        return true;
    } catch (const Poco::Exception&) {
        return false;
    }
}

} // namespace connector::test
