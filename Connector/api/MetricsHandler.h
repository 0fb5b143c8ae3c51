#pragma once

#include "api/ApiHandler.h"

namespace connector {

/// GET /metrics: all metrics of the server, as text for Prometheus.
class MetricsHandler : public EndpointHandler {
  public:
    using EndpointHandler::EndpointHandler;

  private:
    void respond(const ApiRequest& request, ApiExchange& exchange) override;
};

} // namespace connector
