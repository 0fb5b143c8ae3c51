#pragma once

#include "base/Counts.h"

namespace connector {

/// What a connection to the front has turned out to be.
enum class FrontArrival {
    Agent,
    Visitor,
    Api,
    UnknownName, ///< it asked for a name under the domain that no mapping has
    Unspoken,    ///< it ended, or its time did, before it had said what it wants
    Crowded,     ///< it had to go for others before it had
    Resources,   ///< there was no descriptor for it, or no room to watch it
};
inline constexpr std::size_t kFrontArrivals = 7;

using FrontArrivals = Counts<FrontArrival, kFrontArrivals>;

} // namespace connector
