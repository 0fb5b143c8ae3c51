#include "cli/top/Columns.h"

#include "cli/CommandError.h"
#include "cli/Output.h"
#include "cli/top/TerminalText.h"

#include <Poco/Util/Application.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <iomanip>
#include <sstream>

namespace connector {

namespace {

constexpr std::size_t kId = 36; // a UUID
constexpr std::size_t kShortId = 8;
constexpr std::size_t kLabel = 10; ///< the least
constexpr std::size_t kName = 10;  ///< the least
constexpr std::size_t kMaxName = 63;
constexpr std::size_t kMaxLabel = 128; ///< 64 characters of two cells
constexpr const char* kNone = "-";

template <class Value>
int order(const Value& a, const Value& b) {
    return a < b ? -1 : b < a ? 1 : 0;
}

std::int64_t agentsOf(const MappingRow& row) {
    return row.sample.agents[0] + row.sample.agents[1];
}

std::string agentsText(const MappingRow& row, std::int64_t) {
    const auto& [one, two] = row.sample.agents;
    return std::to_string(one) + (row.sample.isPublic ? "" : "+" + std::to_string(two));
}

/// Below all others when it is missing.
template <std::size_t side>
double bytesFrom(const MappingRow& row) {
    return row.rates ? row.rates->bytesFrom[side] : -1;
}

template <std::size_t side>
std::string bytesFromText(const MappingRow& row, std::int64_t) {
    return row.rates ? readableBytes(row.rates->bytesFrom[side]) : kNone;
}

template <std::size_t side>
int bytesFromOrder(const MappingRow& a, const MappingRow& b) {
    return order(bytesFrom<side>(a), bytesFrom<side>(b));
}

template <std::size_t side>
std::string portText(const MappingRow& row, std::int64_t) {
    return std::to_string(row.sample.ports[side]);
}

template <std::size_t side>
int portOrder(const MappingRow& a, const MappingRow& b) {
    return order(a.sample.ports[side], b.sample.ports[side]);
}

template <auto member>
std::string memberText(const MappingRow& row, std::int64_t) {
    if constexpr (std::is_same_v<decltype(member), std::string MappingSample::*>)
        return row.sample.*member;
    else
        return std::to_string(row.sample.*member);
}

template <auto member>
int memberOrder(const MappingRow& a, const MappingRow& b) {
    return order(a.sample.*member, b.sample.*member);
}

std::string visitorsText(const MappingRow& row, std::int64_t) {
    return row.sample.isPublic ? std::to_string(row.sample.visitors) : kNone;
}

std::string refusedText(const MappingRow& row, std::int64_t) {
    return row.rates && row.sample.isPublic ? readableRate(row.rates->refused) : kNone;
}

int refusedOrder(const MappingRow& a, const MappingRow& b) {
    const auto refused = [](const MappingRow& row) { return row.rates ? row.rates->refused : -1; };
    return order(refused(a), refused(b));
}

std::string lastAgentText(const MappingRow& row, std::int64_t now) {
    return timeSince(row.sample.lastAgent, now);
}

int agentsOrder(const MappingRow& a, const MappingRow& b) {
    return order(agentsOf(a), agentsOf(b));
}

using M = MappingSample;
constexpr std::array kColumns{
    Column{"id", "ID", false, kId, false, memberText<&M::id>, memberOrder<&M::id>},
    Column{"label", "LABEL", false, kLabel, false, memberText<&M::label>, memberOrder<&M::label>},
    Column{"name", "NAME", false, kName, false, memberText<&M::name>, memberOrder<&M::name>},
    Column{"type", "TYPE", false, 7, false, memberText<&M::type>, memberOrder<&M::type>},
    Column{"port1", "PORT1", true, 6, false, portText<0>, portOrder<0>},
    Column{"port2", "PORT2", true, 6, false, portText<1>, portOrder<1>},
    Column{"agents", "AGENTS", true, 7, true, agentsText, agentsOrder},
    Column{"visitors", "WAITING", true, 8, true, visitorsText, memberOrder<&M::visitors>},
    Column{"relays", "RELAYS", true, 7, true, memberText<&M::relays>, memberOrder<&M::relays>},
    Column{"from1", "FROM1/s", true, 8, true, bytesFromText<0>, bytesFromOrder<0>},
    Column{"from2", "FROM2/s", true, 8, true, bytesFromText<1>, bytesFromOrder<1>},
    Column{"refused", "REFUSED/s", true, 10, true, refusedText, refusedOrder},
    Column{"lastagent", "LAST AGENT", true, 11, true, lastAgentText, memberOrder<&M::lastAgent>},
    Column{"state", "STATE", false, 8, false, memberText<&M::state>, memberOrder<&M::state>}};

bool isLabel(const Column& column) {
    return &column == &kColumns[1];
}

bool isName(const Column& column) {
    return &column == &kColumns[2];
}

/// What goes first where there is no room for all.
constexpr std::array kLeastImportant{"type",  "lastagent", "port1", "refused", "visitors", "state", "agents",
                                     "port2", "label",     "name",  "relays",  "from2",    "from1"};

std::size_t widthOf(const std::vector<PlacedColumn>& placed) {
    std::size_t sum = placed.size() - 1;
    for (const auto& [column, width] : placed)
        sum += width;
    return sum;
}

void placeFewer(std::vector<PlacedColumn>& placed, std::size_t cells, const Column* sorted) {
    for (const auto* name : kLeastImportant) {
        if (widthOf(placed) <= cells) return;
        std::erase_if(placed, [&](const auto& one) {
            return one.column != sorted && std::strcmp(one.column->name, name) == 0;
        });
    }
}

std::string inColumn(const PlacedColumn& placed, const std::string& text) {
    const bool isShortId = placed.column == kColumns.data() && placed.width < kId;
    if (isShortId) return leftIn(placed.width, beginningOf(text, placed.width));
    return placed.column->isRight ? rightIn(placed.width, text) : leftIn(placed.width, text);
}

} // namespace

std::span<const Column> columns() {
    return kColumns;
}

std::size_t columnNamed(const std::string& name) {
    for (std::size_t i = 0; i < kColumns.size(); ++i)
        if (name == kColumns[i].name) return i;
    throw CommandError(Poco::Util::Application::EXIT_USAGE,
                       "--sort=" + name + ": there is no such column; it must be one of " + columnNames());
}

std::string columnNames() {
    std::string names;
    for (const auto& column : kColumns)
        names += (names.empty() ? "" : ", ") + std::string(column.name);
    return names;
}

std::vector<PlacedColumn> placedIn(std::size_t cells, std::size_t sorted, const UsedColumns& used) {
    std::vector<PlacedColumn> placed;
    for (std::size_t i = 0; i < kColumns.size(); ++i) {
        const auto& column = kColumns[i];
        const bool isEmpty = isLabel(column) ? !used.labels : isName(column) && !used.names;
        if (!isEmpty || i == sorted) placed.push_back({&column, column.width});
    }
    if (widthOf(placed) > cells) placed.front().width = kShortId;
    placeFewer(placed, cells, &kColumns[sorted]);
    const auto taken = widthOf(placed);
    if (taken >= cells) return placed;
    const auto widen = [&](PlacedColumn& one, std::size_t most) {
        one.width = std::min(most, one.width + cells - taken);
    };
    const auto find = [&](auto&& is) {
        return std::find_if(placed.begin(), placed.end(), [&](const auto& one) { return is(*one.column); });
    };
    if (const auto label = find(isLabel); label != placed.end())
        widen(*label, kMaxLabel);
    else if (const auto name = find(isName); name != placed.end())
        widen(*name, kMaxName);
    else
        widen(placed.front(), kId);
    return placed;
}

std::string headLine(const std::vector<PlacedColumn>& placed, std::size_t sorted, bool isReversed) {
    std::string line;
    for (const auto& one : placed) {
        const bool isSorted = one.column == &kColumns[sorted];
        const bool isDown = one.column->descends != isReversed;
        const auto head = isSorted ? std::string(isDown ? "v" : "^") + one.column->head : one.column->head;
        line += (line.empty() ? "" : " ") + inColumn(one, head);
    }
    return line;
}

std::string lineOf(const MappingRow& row, std::int64_t now, const std::vector<PlacedColumn>& placed) {
    std::string line;
    for (const auto& one : placed)
        line += (line.empty() ? "" : " ") + inColumn(one, one.column->text(row, now));
    return line;
}

std::string timeSince(std::int64_t moment, std::int64_t now) {
    if (moment == 0) return "never";
    const auto whole = readableTime(std::chrono::milliseconds(std::max<std::int64_t>(0, now - moment)));
    const auto second = whole.find(' ', whole.find(' ') + 1);
    return whole.substr(0, second);
}

std::string readableRate(double perSecond) {
    std::ostringstream out;
    const bool isWhole = perSecond < 0.05 || perSecond >= 9.95;
    out << std::fixed << std::setprecision(isWhole ? 0 : 1) << perSecond;
    return out.str();
}

} // namespace connector
