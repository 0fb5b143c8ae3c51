#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace connector {

/// What a Host header says, or the authority of a target (RFC 9112, section 3.2).

/// Of a host's name (RFC 1035, section 2.3.4).
inline constexpr std::size_t kLongestHostName = 253;

/// In lower case, without the dot of the root.
std::string plainName(std::string_view name);

/// The name in it, or the IPv4 address, as plainName() has it and without its port; nothing when it is none.
std::optional<std::string> nameIn(std::string_view host);

/// "[2001:db8::1]:8080"; also without brackets, as some clients write it where the port is the usual one.
/// With or without a zone ("%eth0").
bool isIPv6Host(std::string_view host);

} // namespace connector
