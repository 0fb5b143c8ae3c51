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

/// Whether there is anything for addCounters().
bool hasCounts(const PipeStatus& status) {
    constexpr PipeStatus none;
    return status.visitorsAdmitted != 0 || status.visitorsRefused != none.visitorsRefused ||
           status.visitorWaits.counts != none.visitorWaits.counts ||
           status.openings.counts != none.openings.counts || status.bytesFrom != none.bytesFrom;
}

/// An order for heaps, too: the newest is in front.
template <class One, class Other>
bool isOlder(const One& a, const Other& b) {
    return std::tie(a.created, a.id) < std::tie(b.created, b.id);
}

MappingFigures figuresOf(const Mapping& mapping, const PipeStatus& status, const LastUse& lastUse) {
    const bool isPublic = mapping.type == Mapping::Type::Public;
    return {.id = mapping.id,
            .type = mapping.typeName(),
            .label = mapping.label,
            .name = mapping.name,
            .hasVisitors = isPublic,
            .hasAgentsAtPort2 = !isPublic,
            .status = status,
            .degraded = status.degraded ? std::size_t{1} : 0,
            .lastAgent = lastUse.agent,
            .created = mapping.created};
}

} // namespace

/// Those that are not told of one by one, as they are looked at.
struct BoundedFigures::Others {
    MappingFigures sum;
    Statuses statuses;
    bool areThere = false;

    void add(const std::string& id, const PipeStatus& status, Poco::Int64 lastAgent) {
        areThere = true;
        addCounters(sum.status, status);
        addPresent(sum.status, status);
        sum.degraded += status.degraded ? 1 : 0;
        sum.lastAgent = std::max(sum.lastAgent, lastAgent);
        if (hasCounts(status)) statuses.emplace(id, status);
    }
};

std::vector<MappingFigures> BoundedFigures::of(const ForEach& forEach, std::size_t most) {
    std::vector<MappingFigures> oldest; // a heap
    Others others;
    forEach([&](const Mapping& mapping, const PipeStatus& status, const LastUse& lastUse) {
        if (oldest.size() == most) {
            if (most == 0 || !isOlder(mapping, oldest.front()))
                return others.add(mapping.id, status, lastUse.agent);
            std::pop_heap(oldest.begin(), oldest.end(), isOlder<MappingFigures, MappingFigures>);
            others.add(oldest.back().id, oldest.back().status, oldest.back().lastAgent);
            oldest.pop_back();
        }
        oldest.push_back(figuresOf(mapping, status, lastUse));
        std::push_heap(oldest.begin(), oldest.end(), isOlder<MappingFigures, MappingFigures>);
    });
    std::sort_heap(oldest.begin(), oldest.end(), isOlder<MappingFigures, MappingFigures>);

    keepCountsOfGone(others.statuses);
    _others = std::move(others.statuses);
    _hasOthers = _hasOthers || others.areThere;
    if (_hasOthers) {
        auto& sum = oldest.emplace_back(std::move(others.sum));
        sum.id = kOther;
        sum.hasVisitors = sum.hasAgentsAtPort2 = true;
        addCounters(sum.status, _gone);
    }
    return oldest;
}

void BoundedFigures::keepCountsOfGone(const Statuses& others) {
    for (const auto& [id, status] : _others)
        if (!others.contains(id)) addCounters(_gone, status);
}

} // namespace connector
