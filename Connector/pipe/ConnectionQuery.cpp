#include "pipe/ConnectionQuery.h"

#include <algorithm>
#include <utility>

namespace connector {

namespace {

/// By their numbers. Of one that was moving, what was told last counts.
void sort(std::vector<ConnectionReport>& reports) {
    const auto comesFirst = [](const auto& a, const auto& b) { return a.tag.number < b.tag.number; };
    const auto isSame = [](const auto& a, const auto& b) { return a.tag.number == b.tag.number; };
    std::reverse(reports.begin(), reports.end());
    std::stable_sort(reports.begin(), reports.end(), comesFirst);
    reports.erase(std::unique(reports.begin(), reports.end(), isSame), reports.end());
}

} // namespace

ConnectionQuery::~ConnectionQuery() {
    sort(_reports.agents);
    sort(_reports.visitors);
    _answer.set_value(std::move(_reports));
}

void ConnectionQuery::add(ConnectionReport report) {
    const std::lock_guard lock(_mutex);
    auto& reports = of(report.kind);
    if (reports.size() < kMost)
        reports.push_back(std::move(report));
    else
        _reports.areTruncated = true;
}

bool ConnectionQuery::isFull(ConnectionReport::Kind kind) const {
    const std::lock_guard lock(_mutex);
    return _reports.areTruncated &&
           (kind == ConnectionReport::Kind::Agent ? _reports.agents : _reports.visitors).size() >= kMost;
}

std::vector<ConnectionReport>& ConnectionQuery::of(ConnectionReport::Kind kind) {
    return kind == ConnectionReport::Kind::Agent ? _reports.agents : _reports.visitors;
}

} // namespace connector
