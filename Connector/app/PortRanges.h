#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace connector {

/// The ports that a list like {"6000-6050", "7001"} names, in rising order. Throws FieldError for what is not
/// a port or a range, a port outside 1..65535, a range that runs backwards, and ranges that overlap.
std::vector<std::uint16_t> portsOf(const std::vector<std::string>& ranges);

} // namespace connector
