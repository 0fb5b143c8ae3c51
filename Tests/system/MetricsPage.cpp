#include "MetricsPage.h"

#include "Waiting.h"

#include <sstream>
#include <stdexcept>
#include <utility>

namespace connector::test {

namespace {

const std::string kPrefix = "iofog_connector_";

/// A label's value that begins at `at`, behind its quotation mark; `at` is behind the closing one then.
std::string unescaped(const std::string& line, std::size_t& at) {
    std::string value;
    for (; line.at(at) != '"'; ++at) {
        if (line[at] != '\\') {
            value += line[at];
            continue;
        }
        ++at;
        value += line.at(at) == 'n' ? '\n' : line[at];
    }
    ++at;
    return value;
}

bool hasAll(const MetricsPage::Labels& labels, const MetricsPage::Labels& wanted) {
    for (const auto& [name, value] : wanted) {
        const auto found = labels.find(name);
        if (found == labels.end() || found->second != value) return false;
    }
    return true;
}

} // namespace

MetricsPage::MetricsPage(std::string text) : _text(std::move(text)) {
    std::istringstream lines(_text);
    for (std::string line; std::getline(lines, line);)
        if (!line.starts_with("#")) _series.push_back(parse(line));
}

MetricsPage::Series MetricsPage::parse(const std::string& line) {
    auto at = line.find_first_of("{ ");
    if (!line.starts_with(kPrefix) || at == std::string::npos) throw std::runtime_error("no series: " + line);
    Series series{line.substr(kPrefix.size(), at - kPrefix.size()), {}, 0};
    while (line[at] != ' ' && line[at] != '}') {
        ++at; // the brace, or a comma
        const auto equals = line.find("=\"", at);
        const auto name = line.substr(at, equals - at);
        at = equals + 2;
        series.labels.emplace(name, unescaped(line, at));
    }
    series.value = std::stod(line.substr(line.find(' ', at)));
    return series;
}

std::optional<double> MetricsPage::find(const std::string& name, const Labels& labels) const {
    std::optional<double> found;
    for (const auto& series : _series) {
        if (series.name != name || !hasAll(series.labels, labels)) continue;
        if (found) throw std::runtime_error("several series of " + name);
        found = series.value;
    }
    return found;
}

double MetricsPage::value(const std::string& name, const Labels& labels) const {
    const auto found = find(name, labels);
    if (!found) throw std::runtime_error("no series of " + name + " in\n" + _text);
    return *found;
}

std::vector<std::string> MetricsPage::valuesOf(const std::string& name, const std::string& label) const {
    std::vector<std::string> values;
    for (const auto& series : _series)
        if (series.name == name) values.push_back(series.labels.at(label));
    return values;
}

MetricsPage metricsOf(const ApiClient& api) {
    const auto answer = api.get("/metrics");
    if (answer.status != 200) throw std::runtime_error("/metrics: " + answer.text);
    return MetricsPage(answer.text);
}

void waitForMetric(const ApiClient& api, const std::string& name, const MetricsPage::Labels& labels,
                   double expected) {
    waitUntil(name + " is " + std::to_string(expected),
              [&] { return metricsOf(api).find(name, labels) == expected; });
}

} // namespace connector::test
