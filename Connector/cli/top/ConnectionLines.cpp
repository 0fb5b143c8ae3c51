#include "cli/top/ConnectionLines.h"

#include "cli/Output.h"
#include "cli/top/Columns.h"
#include "cli/top/TerminalText.h"

namespace connector {

namespace {

/// The columns, of which those at the end are cut where there is no room.
std::string lineOf(const std::string& number, const std::string& who, const std::string& port,
                   const std::string& address, const std::string& state, const std::string& since,
                   const std::string& in, const std::string& out, const std::string& rest,
                   std::size_t cells) {
    const auto line = rightIn(7, number) + " " + leftIn(7, who) + " " + leftIn(5, port) + " " +
                      leftIn(22, address) + " " + leftIn(10, state) + " " + rightIn(7, since) + " " +
                      rightIn(8, in) + " " + rightIn(8, out) + "  " + rest;
    return beginningOf(line, cells);
}

/// What only one of the two kinds has.
std::string restOf(const ConnectionSample& sample) {
    if (!sample.isAgent) return sample.agent.empty() ? "" : "to " + sample.agent;
    return sample.protocol;
}

std::string stateOf(const ConnectionSample& sample) {
    return (sample.streams ? std::to_string(*sample.streams) + " " : "") + sample.state;
}

} // namespace

std::vector<std::string> itemsOf(const MappingRow& row, std::int64_t now) {
    std::vector<std::string> items;
    for (const auto& column : columns().subspan(3)) // id, label and name are the title
        items.push_back(std::string(column.name) + " " + column.text(row, now));
    for (std::size_t side = 0; side < 2; ++side)
        items.push_back("bytes from port" + std::to_string(side + 1) + " " +
                        readableBytes(static_cast<double>(row.sample.bytesFrom[side])));
    if (row.sample.isPublic) items.push_back("visitors refused " + std::to_string(row.sample.refused));
    return items;
}

std::string connectionHead(std::size_t cells) {
    return lineOf("N", "WHO", "PORT", "ADDRESS", "STATE", "SINCE", "IN/s", "OUT/s", "PROTOCOL, OR AGENT",
                  cells);
}

std::string connectionLine(const ConnectionRow& row, std::int64_t now, std::size_t cells) {
    const auto& sample = row.sample;
    return lineOf(std::to_string(sample.number), sample.isAgent ? "agent" : "visitor",
                  "port" + std::to_string(sample.port), sample.address, stateOf(sample),
                  timeSince(sample.since, now), row.rates ? readableBytes(row.rates->bytesIn) : "-",
                  row.rates ? readableBytes(row.rates->bytesOut) : "-", restOf(sample), cells);
}

} // namespace connector
