#pragma once

#include <arpa/inet.h>
#include <cstdint>
#include <netinet/in.h>

namespace bench {

inline sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    return address;
}

/// Where connections come from. Those to loopback: from 127.0.1.1 and following in turn, as one address has
/// too few ports for all that are still in TIME_WAIT. Others: from what the kernel chooses.
inline sockaddr_in sourceAddress(unsigned turn, const sockaddr_in& to) {
    auto address = loopback(0);
    const bool isLoopback = ntohl(to.sin_addr.s_addr) >> 24 == 127;
    address.sin_addr.s_addr = isLoopback ? htonl(0x7f000101 + turn % 64) : INADDR_ANY;
    return address;
}

} // namespace bench
