#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace connector {

/// What a Host header says, or the authority of a target (RFC 9112, section 3.2).

/// The name in it, or the IPv4 address, as plainHostName() has it and without its port; nothing when it is
/// none.
std::optional<std::string> nameIn(std::string_view host);

/// "[2001:db8::1]:8080"; also without brackets, as some clients write it where the port is the usual one.
/// With or without a zone ("%eth0").
bool isIPv6Host(std::string_view host);

} // namespace connector
