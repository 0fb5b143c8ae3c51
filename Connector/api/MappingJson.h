#pragma once

#include "mapping/MappingService.h"

#include <Poco/JSON/Object.h>

#include <string>

namespace connector {

/// Writes mappings the way clients see them. A value.
class MappingJson {
  public:
    /// address: Connector's public name or address. tls: whether pipes have TLS, unless a mapping says that
    /// its visitors don't; the URLs of those that have it begin with https://, the others' with http://.
    MappingJson(const std::string& address, bool tls);

    /// Everything about the mapping except its passcodes.
    Poco::JSON::Object::Ptr write(const MappingReport& report) const;

    bool operator==(const MappingJson&) const = default;

  private:
    std::string urlOf(const Mapping& mapping) const;

    std::string _host;
    bool _tls;
};

} // namespace connector
