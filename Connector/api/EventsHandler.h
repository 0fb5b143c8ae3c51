#pragma once

#include "api/ApiHandler.h"

namespace connector {

/// GET /api/v2/events: what happens to mappings, as it happens.
class EventsHandler : public EndpointHandler {
  public:
    using EndpointHandler::EndpointHandler;

  private:
    void respond(const ApiRequest& request, ApiExchange& exchange) override;
};

} // namespace connector
