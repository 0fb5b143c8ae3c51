#pragma once

#include "base/Durations.h"

#include <prometheus/client_metric.h>
#include <prometheus/metric_family.h>

#include <string>
#include <utility>
#include <vector>

namespace connector {

/// Of one metric, in any order; a name that is given twice is a mistake.
using MetricLabels = std::vector<prometheus::ClientMetric::Label>;

/// Before all metrics' names.
inline constexpr const char* kMetricPrefix = "iofog_connector_";

/// A counter, gauge or histogram with all its labels, in the making. Its name gets the prefix.
class Family {
  public:
    Family(prometheus::MetricType type, const std::string& name, const std::string& help);

    /// Of a counter or a gauge.
    void add(double value, MetricLabels labels = {});

    /// Of a histogram.
    void add(const Durations::Snapshot& durations, MetricLabels labels = {});

    prometheus::MetricFamily take() && { return std::move(_family); }

  private:
    prometheus::MetricFamily _family;
};

Family counter(const std::string& name, const std::string& help);
Family gauge(const std::string& name, const std::string& help);
Family histogram(const std::string& name, const std::string& help);

/// A gauge without labels.
Family gauge(const std::string& name, const std::string& help, double value);

} // namespace connector
