#pragma once

#include <Poco/Net/IPAddress.h>

namespace connector {

/// The address itself; for an IPv4 address that an IPv6 socket reports as ::ffff:a.b.c.d, that IPv4 address.
Poco::Net::IPAddress withoutMapping(const Poco::Net::IPAddress& address);

} // namespace connector
