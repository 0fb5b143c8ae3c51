#pragma once

#include "api/RequestHandler.h"
#include "mapping/MappingService.h"

namespace connector {

/// POST /api/v2/mapping/add: opens a mapping.
class AddMappingHandler : public RequestHandler {
  public:
    /// mappings must outlive the handler.
    explicit AddMappingHandler(MappingService& mappings) : _mappings(mappings) {}

    Poco::JSON::Object::Ptr handle(const ApiRequest& request) override;

  private:
    MappingService& _mappings;
};

} // namespace connector
