#pragma once

#include <cstdint>

namespace bench {

/// Opens `count` public mappings through the API on 127.0.0.1:port, with so many clients at once, each on a
/// connection that it keeps. Returns how many seconds it took. Throws std::runtime_error when one is refused.
double addMappings(std::uint16_t port, int clients, int count);

} // namespace bench
