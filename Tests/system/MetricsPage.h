#pragma once

#include "ApiClient.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace connector::test {

/// What GET /metrics has answered.
class MetricsPage {
  public:
    using Labels = std::map<std::string, std::string>;

    explicit MetricsPage(std::string text);

    /// Of the one series of this name, without its prefix, that has these labels, and perhaps more. Nothing
    /// when there is none. Throws when there are several.
    std::optional<double> find(const std::string& name, const Labels& labels = {}) const;
    /// The same for one that must be there.
    double value(const std::string& name, const Labels& labels = {}) const;

    /// The values of a label that series of this name have.
    std::vector<std::string> valuesOf(const std::string& name, const std::string& label) const;

    const std::string& text() const { return _text; }

  private:
    struct Series {
        std::string name;
        Labels labels;
        double value;
    };

    static Series parse(const std::string& line);

    std::string _text;
    std::vector<Series> _series;
};

/// Must be answered with 200.
MetricsPage metricsOf(const ApiClient& api);

/// Waits until such a series has this value.
void waitForMetric(const ApiClient& api, const std::string& name, const MetricsPage::Labels& labels,
                   double expected);

} // namespace connector::test
