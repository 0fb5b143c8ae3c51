#include "cli/top/Rates.h"

#include <unordered_map>

namespace connector {

namespace {

using TimePoint = std::chrono::steady_clock::time_point;

double secondsBetween(TimePoint before, TimePoint after) {
    return std::chrono::duration<double>(after - before).count();
}

/// A counter that goes backwards has been started anew.
bool isAhead(const MappingSample& before, const MappingSample& after) {
    return after.bytesFrom[0] >= before.bytesFrom[0] && after.bytesFrom[1] >= before.bytesFrom[1] &&
           after.refused >= before.refused;
}

MappingRow::Rates ratesBetween(const MappingSample& before, const MappingSample& after, double seconds) {
    const auto rate = [&](std::int64_t from, std::int64_t to) {
        return static_cast<double>(to - from) / seconds;
    };
    return {{rate(before.bytesFrom[0], after.bytesFrom[0]), rate(before.bytesFrom[1], after.bytesFrom[1])},
            rate(before.refused, after.refused)};
}

} // namespace

std::vector<MappingRow> rowsOf(const Snapshot* before, const Snapshot& after) {
    const double seconds = before ? secondsBetween(before->when, after.when) : 0;
    const bool isSameRun = seconds > 0 && after.server.uptime >= before->server.uptime;
    std::unordered_map<std::string, const MappingSample*> formers;
    if (isSameRun)
        for (const auto& mapping : before->mappings)
            formers.emplace(mapping.id, &mapping);
    std::vector<MappingRow> rows;
    rows.reserve(after.mappings.size());
    for (const auto& mapping : after.mappings) {
        auto& row = rows.emplace_back(MappingRow{mapping, {}});
        const auto former = formers.find(mapping.id);
        if (former != formers.end() && isAhead(*former->second, mapping))
            row.rates = ratesBetween(*former->second, mapping, seconds);
    }
    return rows;
}

std::vector<ConnectionRow> rowsOf(const ConnectionsSample* before, const ConnectionsSample& after) {
    const double seconds = before ? secondsBetween(before->when, after.when) : 0;
    std::unordered_map<std::int64_t, const ConnectionSample*> formers;
    if (seconds > 0)
        for (const auto& connection : before->connections)
            formers.emplace(connection.number, &connection);
    std::vector<ConnectionRow> rows;
    for (const auto& connection : after.connections) {
        auto& row = rows.emplace_back(ConnectionRow{connection, {}});
        const auto found = formers.find(connection.number);
        if (found == formers.end()) continue;
        const auto& former = *found->second;
        if (connection.bytesIn < former.bytesIn || connection.bytesOut < former.bytesOut) continue;
        row.rates =
            ConnectionRow::Rates{static_cast<double>(connection.bytesIn - former.bytesIn) / seconds,
                                 static_cast<double>(connection.bytesOut - former.bytesOut) / seconds};
    }
    return rows;
}

std::optional<Totals> totalsOf(const std::vector<MappingRow>& rows) {
    Totals totals;
    bool areThere = rows.empty();
    for (const auto& row : rows) {
        if (!row.rates) continue;
        areThere = true;
        totals.bytes += row.rates->bytesFrom[0] + row.rates->bytesFrom[1];
        totals.refused += row.rates->refused;
    }
    return areThere ? std::optional(totals) : std::nullopt;
}

} // namespace connector
