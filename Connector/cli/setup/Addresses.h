#pragma once

#include <Poco/Net/IPAddress.h>

#include <string>
#include <vector>

namespace connector {

// The addresses under which a server is reached, which its certificate is made for.

/// Whether visitors could use this host name or IP address.
bool isPublicAddress(const std::string& text);

/// Without those that another in front of them equals, however both are written; the others stay in their
/// order.
std::vector<std::string> withoutDuplicates(const std::vector<std::string>& addresses);

/// Those of these addresses under which others may reach a machine that has them: the public ones; where
/// there are none, the private ones (RFC 1918, RFC 6598, RFC 4193). Each once.
std::vector<std::string> reachableOf(const std::vector<Poco::Net::IPAddress>& addresses);

/// Such addresses of this machine, of interfaces that are up.
std::vector<std::string> reachableAddresses();

} // namespace connector
