#include "metrics/Families.h"

#include <chrono>
#include <limits>

namespace connector {

using prometheus::ClientMetric;
using prometheus::MetricType;

namespace {

ClientMetric::Histogram histogramOf(const Durations::Snapshot& durations) {
    ClientMetric::Histogram result;
    for (std::size_t i = 0; i < Durations::kClasses; ++i) {
        result.sample_count += durations.counts[i];
        const bool isBounded = i < Durations::kBounds.size();
        result.bucket.push_back(
            {.cumulative_count = result.sample_count,
             .upper_bound = isBounded ? Durations::kBounds[i] : std::numeric_limits<double>::infinity()});
    }
    result.sample_sum = std::chrono::duration<double>(durations.sum).count();
    return result;
}

} // namespace

Family::Family(MetricType type, const std::string& name, const std::string& help) {
    _family.name = kMetricPrefix + name;
    _family.help = help;
    _family.type = type;
}

void Family::add(double value, MetricLabels labels) {
    auto& metric = _family.metric.emplace_back();
    metric.label = std::move(labels);
    if (_family.type == MetricType::Counter)
        metric.counter.value = value;
    else
        metric.gauge.value = value;
}

void Family::add(const Durations::Snapshot& durations, MetricLabels labels) {
    auto& metric = _family.metric.emplace_back();
    metric.label = std::move(labels);
    metric.histogram = histogramOf(durations);
}

Family counter(const std::string& name, const std::string& help) {
    return {MetricType::Counter, name, help};
}

Family gauge(const std::string& name, const std::string& help) {
    return {MetricType::Gauge, name, help};
}

Family histogram(const std::string& name, const std::string& help) {
    return {MetricType::Histogram, name, help};
}

Family gauge(const std::string& name, const std::string& help, double value) {
    auto family = gauge(name, help);
    family.add(value);
    return family;
}

} // namespace connector
