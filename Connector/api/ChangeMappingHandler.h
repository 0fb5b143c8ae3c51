#pragma once

#include "api/MappingJson.h"
#include "api/RequestHandler.h"
#include "mapping/MappingService.h"

namespace connector {

/// PATCH /api/v2/mapping/{id}: changes what may be changed while a mapping is open.
class ChangeMappingHandler : public RequestHandler {
  public:
    /// mappings must outlive the handler.
    ChangeMappingHandler(MappingService& mappings, const MappingJson& json)
        : _mappings(mappings), _json(json) {}

    Poco::JSON::Object::Ptr handle(const ApiRequest& request) override;

  private:
    MappingService& _mappings;
    MappingJson _json;
};

} // namespace connector
