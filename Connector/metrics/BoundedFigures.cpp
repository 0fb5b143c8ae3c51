#include "metrics/BoundedFigures.h"

#include <algorithm>
#include <tuple>

namespace connector {

namespace {

void addCounters(PipeStatus& sum, const PipeStatus& status) {
    sum.visitorsAdmitted += status.visitorsAdmitted;
    for (std::size_t i = 0; i < sum.visitorsRefused.size(); ++i)
        sum.visitorsRefused[i] += status.visitorsRefused[i];
    sum.visitorWaits += status.visitorWaits;
    sum.openings += status.openings;
    for (std::size_t i = 0; i < sum.bytesFrom.size(); ++i)
        sum.bytesFrom[i] += status.bytesFrom[i];
}

/// What may fall, too.
void addPresent(PipeStatus& sum, const PipeStatus& status) {
    for (std::size_t i = 0; i < sum.agentsConnected.size(); ++i) {
        sum.agentsConnected[i] += status.agentsConnected[i];
        sum.agentsWaiting[i] += status.agentsWaiting[i];
    }
    sum.visitorsWaiting += status.visitorsWaiting;
    sum.relays += status.relays;
}

bool isOlder(const MappingReport& a, const MappingReport& b) {
    return std::tie(a.mapping.created, a.mapping.id) < std::tie(b.mapping.created, b.mapping.id);
}

MappingFigures figuresOf(const MappingReport& report) {
    const auto& [mapping, status] = report;
    const bool isPublic = mapping.type == Mapping::Type::Public;
    return {.id = mapping.id,
            .type = mapping.typeName(),
            .label = mapping.label,
            .hasVisitors = isPublic,
            .hasAgentsAtPort2 = !isPublic,
            .status = status,
            .degraded = status.degraded ? std::size_t{1} : 0,
            .lastAgent = mapping.lastUse.agent};
}

} // namespace

std::vector<MappingFigures> BoundedFigures::of(std::vector<MappingReport> reports, std::size_t most) {
    const auto middle = reports.begin() + static_cast<std::ptrdiff_t>(std::min(most, reports.size()));
    std::nth_element(reports.begin(), middle, reports.end(), isOlder);
    std::sort(reports.begin(), middle, isOlder);
    std::vector<MappingFigures> mappings;
    std::transform(reports.begin(), middle, std::back_inserter(mappings), figuresOf);

    Statuses others;
    MappingFigures sum;
    sum.id = kOther;
    sum.hasVisitors = sum.hasAgentsAtPort2 = true;
    for (auto other = middle; other != reports.end(); ++other) {
        const auto figures = figuresOf(*other);
        addCounters(sum.status, figures.status);
        addPresent(sum.status, figures.status);
        sum.degraded += figures.degraded;
        sum.lastAgent = std::max(sum.lastAgent, figures.lastAgent);
        others.emplace(figures.id, figures.status);
    }
    keepCountsOfGone(others);
    addCounters(sum.status, _gone);
    _others = std::move(others);
    _hasOthers = _hasOthers || !_others.empty();
    if (_hasOthers) mappings.push_back(std::move(sum));
    return mappings;
}

void BoundedFigures::keepCountsOfGone(const Statuses& others) {
    for (const auto& [id, status] : _others)
        if (!others.contains(id)) addCounters(_gone, status);
}

} // namespace connector
