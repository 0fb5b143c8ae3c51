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

/// What the mappings that are there, or are to be, have for themselves.
class Takings {
  public:
    Takings(const std::vector<Mapping>& existing, const Configuration& configuration)
        : _front(configuration.front), _ownPorts(configuration.ownPorts()) {
        for (const auto& mapping : existing)
            add(mapping);
    }

    void add(const Mapping& mapping) {
        _byId.emplace(mapping.id, mapping);
        if (!mapping.name.empty()) _byName.emplace(mapping.name, mapping.id);
        for (const auto port : {mapping.endpoint1.port, mapping.endpoint2.port})
            if (port != 0) _holders.emplace(port, mapping.id);
    }

    bool has(const Mapping& mapping) const {
        const auto same = _byId.find(mapping.id);
        return same != _byId.end() && areEqual(same->second, mapping);
    }

    /// A sentence each, of a mapping that is not there.
    std::vector<std::string> conflictsOf(const Mapping& mapping) const {
        std::vector<std::string> conflicts;
        const auto tell = [&](const std::string& what) {
            conflicts.push_back("mapping " + mapping.id + ": " + what);
        };
        if (_byId.contains(mapping.id))
            tell("there is another one with this id, with other ports, passcodes or limits");
        if (const auto named = _byName.find(mapping.id); named != _byName.end())
            tell("its id is the name of mapping " + named->second);
        if (leadsToApi(mapping)) tell("its id is a reserved name (front.reserved), which leads to the API");
        for (const auto port : {mapping.endpoint1.port, mapping.endpoint2.port}) {
            const auto holder = _holders.find(port);
            if (holder != _holders.end() && holder->second != mapping.id)
                tell("port " + std::to_string(port) + " is mapping " + holder->second + "'s");
            if (const auto own = _ownPorts.find(port); own != _ownPorts.end())
                tell("port " + std::to_string(port) + " is the server's own (" + own->second + ")");
        }
        return conflicts;
    }

  private:
    /// Its visitors may come by its id.
    bool leadsToApi(const Mapping& mapping) const {
        return mapping.type == Mapping::Type::Public && _front.leadsTo(mapping.type) &&
               _front.isReserved(mapping.id);
    }

    const FrontSettings& _front;
    std::map<std::uint16_t, std::string> _ownPorts;
    std::map<std::string, Mapping> _byId;
    std::map<std::string, std::string> _byName;    ///< ids
    std::map<std::uint16_t, std::string> _holders; ///< ids
};

} // namespace

ImportPlan ImportPlan::make(const EarlierMappings& wanted, const std::vector<Mapping>& existing,
                            const Configuration& configuration) {
    Takings takings(existing, configuration);
    ImportPlan plan;
    plan.skipped = wanted.skipped;
    for (const auto& mapping : wanted.mappings) {
        if (takings.has(mapping)) {
            plan.skipped.push_back({mapping.id, "it is already there"});
            continue;
        }
        const auto conflicts = takings.conflictsOf(mapping);
        plan.conflicts.insert(plan.conflicts.end(), conflicts.begin(), conflicts.end());
        takings.add(mapping);
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
