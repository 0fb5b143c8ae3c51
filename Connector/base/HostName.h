#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace connector {

/// Characters of a host's name at the most (RFC 1035, section 2.3.4).
inline constexpr std::size_t kLongestHostName = 253;

/// In lower case, and without the dot of the root, which some clients say: so that names that are the same
/// are equal.
std::string plainHostName(std::string_view name);

} // namespace connector
