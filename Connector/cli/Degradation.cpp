#include "cli/Degradation.h"

namespace connector {

namespace {

/// A resource is short when less than one in so many is free.
constexpr std::int64_t kShortBelow = 10;

} // namespace

std::vector<Degradation> degradationsOf(const Poco::JSON::Object& mapping) {
    const auto count = [&](const char* key) { return mapping.getValue<std::int64_t>(key); };
    const auto name = "mapping " + mapping.getValue<std::string>("id");
    std::vector<Degradation> result;
    if (mapping.getValue<std::string>("state") == "degraded")
        result.push_back({name, "something else holds port " + mapping.getValue<std::string>("port1") +
                                    " or " + mapping.getValue<std::string>("port2") +
                                    (mapping.optValue("visitortls", true)
                                         ? ""
                                         : ", or its visitors speak plain TCP and may not "
                                           "(pipes.allow-plain-visitors)")});
    const bool isRelaying = count("relays") > 0;
    if (mapping.has("agentswaiting")) {
        if (count("agentswaiting") == 0 && !isRelaying)
            result.push_back({name, "no agent is connected"});
        else if (count("agentswaiting") == 0 && count("visitorswaiting") > 0)
            result.push_back({name, "visitors wait: all agents are in relays"});
        return result;
    }
    for (const std::string port : {"port1", "port2"})
        if (count(("agentswaiting" + port).c_str()) == 0 && !isRelaying)
            result.push_back({name, "no agent is connected to " + port});
    return result;
}

std::vector<Degradation> degradationsOf(const std::string& what, const Resource& resource) {
    if (resource.free * kShortBelow >= resource.all) return {};
    return {{what,
             "only " + std::to_string(resource.free) + " of " + std::to_string(resource.all) + " are free"}};
}

} // namespace connector
