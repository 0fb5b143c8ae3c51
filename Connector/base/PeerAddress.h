#pragma once

#include <Poco/Net/IPAddress.h>
#include <Poco/Net/SocketAddress.h>

#include <cstdint>
#include <string>

namespace connector {

/// The address itself; for an IPv4 address that an IPv6 socket reports as ::ffff:a.b.c.d, that IPv4 address.
Poco::Net::IPAddress withoutMapping(const Poco::Net::IPAddress& address);

/// ADDRESS:PORT for the log, without mapping; of a Unix socket, "unix:PATH".
std::string inWords(const Poco::Net::SocketAddress& address);

/// HOST:PORT, an IPv6 address in brackets. host: a name or an address, without them.
std::string inWords(const std::string& host, std::uint16_t port);

/// The bytes of the address that tell one owner from another: all of an IPv4 address, the /64 of an IPv6 one,
/// because whoever has one address of it has them all. Link-local addresses and those that stand for IPv4
/// addresses behind NAT64 (64:ff9b::/96, RFC 6052) have an owner each.
std::string ownerOf(const Poco::Net::IPAddress& address);

/// The address without its zone, the link that it is on as this machine numbers it ("%eth0"). The kernel may
/// add one to any IPv6 address, and POCO refuses to compare addresses of which one has a zone.
Poco::Net::IPAddress withoutZone(const Poco::Net::IPAddress& address);

} // namespace connector
