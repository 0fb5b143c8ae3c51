#pragma once

#include "front/FrontSettings.h"
#include "mapping/MappingService.h"

#include <Poco/JSON/Object.h>

#include <cstdint>
#include <string>

namespace connector {

/// Writes mappings the way clients see them. A value.
class MappingJson {
  public:
    /// address: Connector's public name or address. tls: whether pipes have TLS, unless a mapping says that
    /// its visitors don't; the URLs of those that have it begin with https://, the others' with http://.
    /// front: where there is one with a domain, URLs are of names in it.
    MappingJson(const std::string& address, bool tls, const FrontSettings& front);

    /// Of one of a mapping's endpoints: that of the front, when the mapping has none of its own.
    std::uint16_t portOf(const Endpoint& endpoint) const {
        return endpoint.port == 0 ? _front.port : endpoint.port;
    }

    /// The front's port and domain; null when there is no front.
    Poco::JSON::Object::Ptr front() const;

    /// Everything about the mapping except its passcodes.
    Poco::JSON::Object::Ptr write(const MappingReport& report) const;

    bool operator==(const MappingJson&) const = default;

  private:
    std::string urlOf(const Mapping& mapping) const;

    std::string _host;
    bool _tls;
    FrontSettings _front;
};

} // namespace connector
