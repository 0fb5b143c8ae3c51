#pragma once

#include "base/Descriptor.h"

#include <Poco/Net/SocketAddress.h>

#include <vector>

namespace connector {

/// A connection to the front that has not said yet what it wants, or to nobody who could serve it yet. Not a
/// byte of it is taken, so that it can go from one process to another.
struct FrontConnection {
    Descriptor socket;
    Poco::Net::SocketAddress peer;
    bool lacksHeader = false; ///< of the PROXY protocol: the peer is a proxy
};

using FrontConnections = std::vector<FrontConnection>;

} // namespace connector
