#pragma once

#include "api/RequestHandler.h"
#include "mapping/MappingService.h"

namespace connector {

/// POST /api/v2/mapping/remove: closes a mapping.
class RemoveMappingHandler : public RequestHandler {
  public:
    /// mappings must outlive the handler.
    explicit RemoveMappingHandler(MappingService& mappings) : _mappings(mappings) {}

    Poco::JSON::Object::Ptr handle(const ApiRequest& request) override;

  private:
    MappingService& _mappings;
};

} // namespace connector
