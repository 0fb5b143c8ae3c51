#pragma once

#include "api/RequestHandler.h"
#include "mapping/MappingService.h"

namespace connector {

/// GET /health: whether all stored mappings have been restored. Anybody may ask.
class HealthHandler : public RequestHandler {
  public:
    /// mappings must outlive the handler.
    explicit HealthHandler(MappingService& mappings) : _mappings(mappings) {}

    Poco::JSON::Object::Ptr handle(const ApiRequest& request) override;

  private:
    MappingService& _mappings;
};

} // namespace connector
