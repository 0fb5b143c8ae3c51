#pragma once

#include "relay/Relay.h"

#include <string>

namespace connector {

/// Somebody who watches what happens at pipes of PIPE/2 that serve. Called on any loop, which waits
/// meanwhile.
class PipeWatcher {
  public:
    /// A visitor was joined to the target. visitor: "192.0.2.7:51234", as Connector knows it.
    virtual void onVisitor(const std::string& visitor) = 0;
    /// Its relay has ended: visitor and target were its peers.
    virtual void onVisitorGone(const Relay& relay) = 0;
    /// The target can't be reached for a visitor.
    virtual void onNoTarget(const std::string& visitor, const std::string& why) = 0;
    /// A connection to Connector is there.
    virtual void onConnected() = 0;
    /// One was lost, or could not be made while there was no other. address: where it led to, the same for
    /// all to that one.
    virtual void onNotConnected(const std::string& address, const std::string& why) = 0;

  protected:
    ~PipeWatcher() = default;
};

} // namespace connector
