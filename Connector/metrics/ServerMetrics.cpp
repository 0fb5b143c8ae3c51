#include "metrics/ServerMetrics.h"

#include "metrics/MappingFamilies.h"

#include <prometheus/text_serializer.h>

#include <sstream>
#include <utility>
#include <vector>

namespace connector {

ServerMetrics::ServerMetrics(const MetricsSettings& settings, MappingService& mappings,
                             PipeEnvironment& pipes, const TlsCredentials* credentials)
    : _requests(prometheus::BuildCounter()
                    .Name(kMetricPrefix + std::string("api_requests_total"))
                    .Help("Requests to the API that were answered, by path, method and status.")
                    .Register(_registry)),
      _mostMappings(settings.mappings), _sources{.mappings = mappings,
                                                 .pipes = pipes,
                                                 .credentials = credentials,
                                                 .apiHandshakes = _apiHandshakes,
                                                 .frontArrivals = _frontArrivals,
                                                 .node = settings.node} {}

void ServerMetrics::apply(const MetricsSettings& settings) {
    const std::lock_guard lock(_mutex);
    _mostMappings = settings.mappings;
    _sources.node = settings.node;
}

void ServerMetrics::addRequest(const std::string& endpoint, const std::string& method, int status) {
    _requests.Add({{"endpoint", endpoint}, {"method", method}, {"code", std::to_string(status)}}).Increment();
}

std::string ServerMetrics::text() {
    const std::lock_guard lock(_mutex);
    std::ostringstream text;
    const prometheus::TextSerializer serializer;
    const auto write = [&](Family family) {
        std::vector<prometheus::MetricFamily> one;
        one.push_back(std::move(family).take());
        serializer.Serialize(text, one);
    };
    for (auto& family : processFamilies(_sources))
        write(std::move(family));
    serializer.Serialize(text, _registry.Collect());
    const auto all = [this](const auto& look) { _sources.mappings.open().forEach(look); };
    forEachMappingFamily(_figures.of(all, _mostMappings), write);
    return std::move(text).str();
}

} // namespace connector
