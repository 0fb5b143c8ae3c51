#pragma once

#include "agent/iofog/Interruption.h"

#include <Poco/Net/StreamSocket.h>

#include <cstdint>
#include <stdexcept>
#include <string>

namespace connector {

/// The node's local API can't be reached, or has answered something else than it should; what() says which.
class LocalApiError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// The local API of ioFog's agent on this node, as it is there for one container. Its functions block; any
/// thread.
class LocalApi {
  public:
    static constexpr const char* kDefaultHost = "iofog";
    static constexpr std::uint16_t kDefaultPort = 54321;

    /// containerId: as ioFog calls this container.
    LocalApi(std::string host, std::uint16_t port, std::string containerId);

    const std::string& host() const { return _host; }
    std::uint16_t port() const { return _port; }
    const std::string& containerId() const { return _containerId; }

    /// "host:port", for messages.
    std::string name() const;

    /// The container's configuration, JSON. Throws LocalApiError.
    std::string configuration(Interruption& interruption) const;

    /// A connection to it. Throws LocalApiError.
    Poco::Net::StreamSocket connect(Interruption& interruption) const;

  private:
    std::string ask(Interruption& interruption) const;

    const std::string _host;
    const std::uint16_t _port;
    const std::string _containerId;
};

} // namespace connector
