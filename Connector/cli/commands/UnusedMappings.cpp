#include "cli/commands/UnusedMappings.h"

#include "base/Json.h"
#include "base/Timestamp.h"
#include "cli/CommandError.h"
#include "cli/Output.h"
#include "cli/Table.h"
#include "cli/Terminal.h"

#include <Poco/Net/HTTPResponse.h>
#include <Poco/Util/Application.h>

#include <algorithm>
#include <iterator>

namespace connector {

namespace {

using Poco::Util::Application;

/// For how long neither an agent nor a visitor has been connected to the mapping; of one that never had
/// either, since it was opened. None at all for a degraded one. mapping: as GET /api/v2/mapping shows it, a
/// moment ago.
std::chrono::milliseconds unusedFor(const Poco::JSON::Object& mapping) {
    if (mapping.getValue<std::string>("state") == "degraded") return {}; // nobody can connect to it
    Poco::Int64 last = 0;
    for (const auto* key : {"created", "lastagent", "lastvisitor"})
        last = std::max(last, mapping.optValue<Poco::Int64>(key, 0));
    return std::chrono::milliseconds(timestampNow() - last);
}

/// What became of the unused mappings. A value.
struct Removal {
    std::vector<std::string> removed;
    /// Those that were used or removed by others after they had been listed.
    std::vector<std::string> kept;
};

bool isWanted(std::size_t count) {
    const auto what = count == 1 ? "this mapping" : "these " + std::to_string(count) + " mappings";
    const auto answer = ask("Remove " + what + ", with all passcodes and for good?", "no");
    return answer == "yes" || answer == "y";
}

/// Looks once more: the operator may have thought about it for long. False when it is to be kept.
bool removeIfUnused(ConnectorApi& api, const std::string& id, std::chrono::seconds time) {
    try {
        if (unusedFor(*api.mapping(id)) < time) return false;
        api.removeMapping(id);
        return true;
    } catch (const ApiFailure& error) {
        if (error.status() == Poco::Net::HTTPResponse::HTTP_NOT_FOUND) return false; // by somebody else
        throw;
    }
}

Removal removeAll(ConnectorApi& api, const std::vector<Poco::JSON::Object::Ptr>& mappings,
                  std::chrono::seconds time) {
    Removal result;
    for (const auto& mapping : mappings) {
        const auto id = mapping->getValue<std::string>("id");
        try {
            (removeIfUnused(api, id, time) ? result.removed : result.kept).push_back(id);
        } catch (const CommandError& error) {
            throw CommandError(error.exitCode(), "mapping " + id + " is not removed, after " +
                                                     std::to_string(result.removed.size()) + " of " +
                                                     std::to_string(mappings.size()) +
                                                     " were: " + error.what());
        }
    }
    return result;
}

void printRemoval(const Removal& removal, bool asJson, std::ostream& out) {
    if (asJson) {
        auto result = newJson();
        result->set("status", "ok");
        result->set("removed", jsonArrayOf(removal.removed));
        result->set("kept", jsonArrayOf(removal.kept));
        return printJson(*result, out);
    }
    const auto count = removal.removed.size();
    out << count << (count == 1 ? " mapping is removed.\n" : " mappings are removed.\n");
    for (const auto& id : removal.kept)
        out << "Mapping " << id << " was used, or removed by somebody else, in the meantime.\n";
}

} // namespace

std::vector<Poco::JSON::Object::Ptr> unusedOf(const std::vector<Poco::JSON::Object::Ptr>& mappings,
                                              std::chrono::seconds time) {
    std::vector<Poco::JSON::Object::Ptr> unused;
    std::copy_if(mappings.begin(), mappings.end(), std::back_inserter(unused),
                 [&](const auto& mapping) { return unusedFor(*mapping) >= time; });
    return unused;
}

void printUnused(const std::vector<Poco::JSON::Object::Ptr>& mappings, std::ostream& out) {
    using Align = Table::Align;
    Table table({{"ID"}, {"TYPE"}, {"PORT1", Align::Right}, {"PORT2", Align::Right}, {"UNUSED FOR"}});
    for (const auto& mapping : mappings) {
        const auto text = [&](const char* key) { return mapping->getValue<std::string>(key); };
        table.add(
            {text("id"), text("type"), text("port1"), text("port2"), readableTime(unusedFor(*mapping))});
    }
    table.print(out, terminalWidth());
}

void removeUnused(ConnectorApi& api, std::chrono::seconds time, bool yes, bool asJson, std::ostream& out) {
    const auto mappings = unusedOf(api.mappings(), time);
    if (!asJson) {
        if (mappings.empty()) {
            out << "No mapping has been unused for so long.\n";
            return;
        }
        printUnused(mappings, out);
    }
    if (!yes && !isWanted(mappings.size())) {
        out << "Nothing was removed.\n";
        return;
    }
    printRemoval(removeAll(api, mappings, time), asJson, out);
}

} // namespace connector
