#pragma once

#include "mapping/MappingService.h"

#include <Poco/JSON/Object.h>

#include <string>

namespace connector {

/// Writes mappings the way clients see them. A value.
class MappingJson {
  public:
    /// address: Connector's public name or address. https: URLs begin with https:// instead of http://.
    MappingJson(std::string address, bool https);

    /// Everything about the mapping except its passcodes.
    Poco::JSON::Object::Ptr write(const MappingReport& report) const;

  private:
    std::string urlOf(const Mapping& mapping) const;

    std::string _origin;
};

} // namespace connector
