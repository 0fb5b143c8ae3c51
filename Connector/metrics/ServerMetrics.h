#pragma once

#include "metrics/BoundedFigures.h"
#include "metrics/MetricsSettings.h"
#include "metrics/ProcessFamilies.h"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/registry.h>

#include <mutex>
#include <string>

namespace connector {

/// All metrics of the server, in Prometheus' text format. Most are read from where they are kept when they
/// are asked for; what callers ask of the API is counted here. Any thread that is not a loop's.
class ServerMetrics {
  public:
    /// The media type of text().
    static constexpr const char* kMediaType = "text/plain; version=0.0.4; charset=utf-8";

    /// credentials: null without TLS. All references must outlive it.
    ServerMetrics(const MetricsSettings& settings, MappingService& mappings, PipeEnvironment& pipes,
                  const TlsCredentials* credentials);

    /// From the next text() on; a port is not its business.
    void apply(const MetricsSettings& settings);

    /// As they are at this moment. Several callers wait for each other.
    std::string text();

    /// A request to the API was answered. endpoint: its path, or what stands for many.
    void addRequest(const std::string& endpoint, const std::string& method, int status);

    /// Where the API counts its own.
    HandshakeCounts& apiHandshakes() { return _apiHandshakes; }

    /// Where the front does.
    FrontArrivals& frontArrivals() { return _frontArrivals; }

  private:
    HandshakeCounts _apiHandshakes;
    FrontArrivals _frontArrivals;
    prometheus::Registry _registry;
    prometheus::Family<prometheus::Counter>& _requests; ///< of the registry
    std::mutex _mutex;                                  ///< of what follows
    std::size_t _mostMappings;                          ///< MetricsSettings::mappings
    ProcessSources _sources;
    BoundedFigures _figures;
};

} // namespace connector
