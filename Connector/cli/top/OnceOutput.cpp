#include "cli/top/OnceOutput.h"

#include "base/Json.h"
#include "base/Printable.h"
#include "cli/Output.h"
#include "cli/Table.h"
#include "cli/Terminal.h"
#include "cli/top/Columns.h"

#include <cmath>

namespace connector {

namespace {

std::string numberOrNone(const std::optional<Totals>& totals, double Totals::*member,
                         std::string (*text)(double)) {
    return totals ? text((*totals).*member) + "/s" : "-";
}

/// A rate, or null when there is none.
void setRate(Poco::JSON::Object& json, const std::string& key, const std::optional<double>& rate) {
    if (rate)
        json.set(key, std::round(*rate * 10) / 10);
    else
        json.set(key, Poco::Dynamic::Var());
}

Poco::JSON::Object::Ptr jsonOf(const ServerSample& server, const std::optional<Totals>& totals) {
    auto json = newJson();
    json->set("version", server.version);
    json->set("uptime", server.uptime.count());
    json->set("mappings", server.mappings);
    json->set("degraded", server.degraded);
    json->set("damaged", server.damaged);
    json->set("database", server.database);
    json->set("agentswaiting", server.agents);
    json->set("visitorswaiting", server.visitors);
    json->set("relays", server.relays);
    json->set("descriptors", server.descriptors);
    json->set("availableDescriptors", server.freeDescriptors);
    json->set("availablePorts", server.freePorts);
    setRate(*json, "bytespersecond", totals ? std::optional(totals->bytes) : std::nullopt);
    setRate(*json, "refusedpersecond", totals ? std::optional(totals->refused) : std::nullopt);
    return json;
}

void setRates(Poco::JSON::Object& json, const MappingRow& row) {
    const auto& rates = row.rates;
    for (std::size_t side = 0; side < 2; ++side)
        setRate(json, "bytespersecondfromport" + std::to_string(side + 1),
                rates ? std::optional(rates->bytesFrom[side]) : std::nullopt);
    if (row.sample.isPublic)
        setRate(json, "refusedpersecond", rates ? std::optional(rates->refused) : std::nullopt);
}

Poco::JSON::Object::Ptr jsonOf(const MappingRow& row) {
    const auto& sample = row.sample;
    auto json = newJson();
    json->set("id", sample.id);
    json->set("label", sample.label);
    json->set("name", sample.name);
    json->set("type", sample.type);
    json->set("port1", sample.ports[0]);
    json->set("port2", sample.ports[1]);
    if (sample.isPublic) {
        json->set("agentswaiting", sample.agents[0]);
        json->set("visitorswaiting", sample.visitors);
    } else {
        json->set("agentswaitingport1", sample.agents[0]);
        json->set("agentswaitingport2", sample.agents[1]);
    }
    json->set("relays", sample.relays);
    setRates(*json, row);
    if (sample.lastAgent != 0) json->set("lastagent", sample.lastAgent);
    json->set("state", sample.state);
    return json;
}

} // namespace

void printTop(const MappingList& list, std::ostream& out) {
    const auto& server = list.server();
    out << "iofog-connector " << printableText(server.version) << ", up " << readableTime(server.uptime)
        << ": " << server.mappings << " mappings, " << server.degraded << " degraded; " << server.agents
        << " agents and " << server.visitors << " visitors waiting, " << server.relays << " relays; "
        << numberOrNone(list.totals(), &Totals::bytes, readableBytes) << ", "
        << numberOrNone(list.totals(), &Totals::refused, readableRate) << " refused; "
        << server.descriptors - server.freeDescriptors << " of " << server.descriptors
        << " descriptors; database " << printableText(server.database) << "\n\n";
    std::vector<Table::Column> heads;
    for (const auto& column : columns())
        heads.push_back({column.head, column.isRight ? Table::Align::Right : Table::Align::Left,
                         /*mayBeCut*/ column.name == std::string("label")});
    Table table(heads);
    for (std::size_t place = 0; place < list.size(); ++place) {
        std::vector<std::string> cells;
        for (const auto& column : columns())
            cells.push_back(printableText(column.text(list.at(place), server.timestamp)));
        table.add(std::move(cells));
    }
    table.print(out, terminalWidth());
}

void printTopJson(const MappingList& list, std::chrono::milliseconds interval, std::ostream& out) {
    Poco::JSON::Array::Ptr mappings = new Poco::JSON::Array;
    for (std::size_t place = 0; place < list.size(); ++place)
        mappings->add(jsonOf(list.at(place)));
    auto json = newJson();
    json->set("status", "ok");
    json->set("timestamp", list.server().timestamp);
    json->set("interval", interval.count());
    json->set("server", jsonOf(list.server(), list.totals()));
    json->set("mappings", mappings);
    printJson(*json, out);
}

} // namespace connector
