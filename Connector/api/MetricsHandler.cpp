#include "api/MetricsHandler.h"

#include "api/ApiExchange.h"

namespace connector {

void MetricsHandler::respond(const ApiRequest&, ApiExchange& exchange) {
    exchange.succeed(context().metrics.text(), ServerMetrics::kMediaType);
}

} // namespace connector
