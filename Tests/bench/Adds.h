#pragma once

#include <cstdint>

namespace bench {

struct Adding {
    std::uint16_t port = 0; ///< of the API on 127.0.0.1
    bool tls = false;
    int clients = 1; ///< at once, each on a connection that it keeps
    int count = 0;
    bool havePorts = true;
};

/// Opens `count` public mappings through the API. Returns how many seconds it took. Throws std::runtime_error
/// when one is refused.
double addMappings(const Adding& adding);

} // namespace bench
