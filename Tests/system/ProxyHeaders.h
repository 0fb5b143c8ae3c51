#pragma once

#include <string>

namespace connector::test {

/// The address that the tests' configurations trust a proxy at.
inline constexpr const char* kProxy = "127.0.0.9";
inline constexpr const char* kProxyNetworks = R"(["127.0.0.9/32"])";

/// Headers of the PROXY protocol, as a proxy sends them in front of everything else.
namespace header {

/// For a client at this address of IPv4, and port 4711.
std::string version1(const std::string& client);
std::string version2(const std::string& client);

/// For [2001:db8::7]:4711. The second one has further fields behind the addresses.
std::string version1OfIPv6();
std::string version2OfIPv6();

/// Of a connection that is the proxy's own.
std::string unknown();
std::string local();

} // namespace header

} // namespace connector::test
