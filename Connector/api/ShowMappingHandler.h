#pragma once

#include "api/MappingJson.h"
#include "api/RequestHandler.h"
#include "mapping/MappingService.h"

namespace connector {

/// GET /api/v2/mapping/{id}: one mapping.
class ShowMappingHandler : public RequestHandler {
  public:
    /// mappings must outlive the handler.
    ShowMappingHandler(MappingService& mappings, const MappingJson& json)
        : _mappings(mappings), _json(json) {}

    Poco::JSON::Object::Ptr handle(const ApiRequest& request) override;

  private:
    MappingService& _mappings;
    MappingJson _json;
};

} // namespace connector
