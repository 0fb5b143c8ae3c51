#pragma once

#include <Poco/Net/SocketAddress.h>

#include <string>

namespace connector {

/// HAProxy's PROXY protocol: how a target is told whom a connection comes from.
enum class ProxyProtocol { None, V1, V2 };

/// The header that goes in front of everything else on a connection to `target`.
/// visitor: an address and a port, "192.0.2.1:5678" or "[2001:db8::1]:5678"; with anything else the header
/// says that it is not known. "" for ProxyProtocol::None.
std::string proxyHeader(ProxyProtocol protocol, const std::string& visitor,
                        const Poco::Net::SocketAddress& target);

} // namespace connector
