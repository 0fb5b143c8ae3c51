#include "cli/import/ImportPlan.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>

namespace connector {

namespace {

/// In what the earlier Connector knew of mappings.
bool areEqual(const Mapping& one, const Mapping& other) {
    return one.type == other.type && one.endpoint1 == other.endpoint1 && one.endpoint2 == other.endpoint2;
}

} // namespace

ImportPlan ImportPlan::make(const EarlierMappings& wanted, const std::vector<Mapping>& existing,
                            std::uint16_t apiPort) {
    std::map<std::string, Mapping> byId;
    std::map<std::uint16_t, std::string> holders;
    const auto take = [&](const Mapping& mapping) {
        byId.emplace(mapping.id, mapping);
        for (const auto port : {mapping.endpoint1.port, mapping.endpoint2.port})
            if (port != 0) holders.emplace(port, mapping.id);
    };
    std::for_each(existing.begin(), existing.end(), take);

    ImportPlan plan;
    plan.skipped = wanted.skipped;
    for (const auto& mapping : wanted.mappings) {
        const auto same = byId.find(mapping.id);
        if (same != byId.end() && areEqual(same->second, mapping)) {
            plan.skipped.push_back({mapping.id, "it is already there"});
            continue;
        }
        if (same != byId.end())
            plan.conflicts.push_back(
                "mapping " + mapping.id +
                ": there is another one with this id, with other ports, passcodes or limits");
        for (const auto port : {mapping.endpoint1.port, mapping.endpoint2.port}) {
            const auto holder = holders.find(port);
            if (holder != holders.end() && holder->second != mapping.id)
                plan.conflicts.push_back("mapping " + mapping.id + ": port " + std::to_string(port) +
                                         " is mapping " + holder->second + "'s");
            if (port == apiPort)
                plan.conflicts.push_back("mapping " + mapping.id + ": port " + std::to_string(port) +
                                         " is the API's (api.port)");
        }
        take(mapping);
        plan.added.push_back(mapping);
    }
    return plan;
}

std::vector<std::uint16_t> portsOutside(const std::vector<std::uint16_t>& configured,
                                        const std::vector<Mapping>& mappings) {
    std::set<std::uint16_t> ports;
    for (const auto& mapping : mappings)
        if (mapping.hasPorts) ports.insert({mapping.endpoint1.port, mapping.endpoint2.port});
    std::vector<std::uint16_t> result;
    std::set_difference(ports.begin(), ports.end(), configured.begin(), configured.end(),
                        std::back_inserter(result));
    return result;
}

std::string listOf(const std::vector<std::uint16_t>& ports) {
    std::string result;
    for (const auto port : ports)
        result += (result.empty() ? "" : ", ") + std::to_string(port);
    return result;
}

} // namespace connector
