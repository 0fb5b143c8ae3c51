#include "cli/top/Samples.h"

#include <Poco/JSON/Array.h>

namespace connector {

namespace {

using Kind = NeededMember::Kind;
const NeededMembers kOfServer{{"version", Kind::Text},         {"timestamp", Kind::Number},
                              {"uptime", Kind::Number},        {"mappings", Kind::Number},
                              {"agentswaiting", Kind::Number}, {"visitorswaiting", Kind::Number},
                              {"relays", Kind::Number},        {"availablePorts", Kind::Number},
                              {"descriptors", Kind::Number},   {"availableDescriptors", Kind::Number}};

std::int64_t count(const Poco::JSON::Object& json, const std::string& key) {
    return json.optValue<Poco::Int64>(key, 0);
}

std::string text(const Poco::JSON::Object& json, const std::string& key) {
    return json.optValue<std::string>(key, "");
}

std::int64_t sumOf(const Poco::JSON::Object& counts) {
    std::int64_t sum = 0;
    for (const auto& [name, value] : counts)
        sum += value.convert<Poco::Int64>();
    return sum;
}

ConnectionSample connectionIn(const Poco::JSON::Object& json, bool isAgent) {
    ConnectionSample sample;
    sample.number = count(json, "n");
    sample.isAgent = isAgent;
    sample.port = static_cast<int>(count(json, "port"));
    sample.address = text(json, "address");
    sample.since = count(json, "since");
    sample.state = text(json, "state");
    sample.protocol = text(json, "protocol");
    if (json.has("streams")) sample.streams = count(json, "streams");
    sample.agent = text(json, "agent");
    sample.bytesIn = count(json, "bytesin");
    sample.bytesOut = count(json, "bytesout");
    return sample;
}

} // namespace

MappingSample mappingIn(const Poco::JSON::Object& json) {
    MappingSample sample;
    sample.id = text(json, "id");
    sample.label = text(json, "label");
    sample.name = text(json, "name"); // a server of before says nothing of it
    sample.type = text(json, "type");
    sample.state = text(json, "state");
    sample.isPublic = json.has("agentswaiting");
    for (std::size_t side = 0; side < 2; ++side) {
        const auto port = "port" + std::to_string(side + 1);
        sample.ports[side] = static_cast<int>(count(json, port));
        sample.agents[side] = count(json, "agentswaiting" + port);
        sample.bytesFrom[side] = count(json, "bytesfrom" + port);
    }
    if (sample.isPublic) sample.agents[0] = count(json, "agentswaiting");
    sample.visitors = count(json, "visitorswaiting");
    sample.relays = count(json, "relays");
    if (json.isObject("visitorsrefused")) sample.refused = sumOf(*json.getObject("visitorsrefused"));
    sample.lastAgent = count(json, "lastagent");
    return sample;
}

ServerSample serverIn(const Poco::JSON::Object& json) {
    ServerSample sample;
    sample.version = text(json, "version");
    sample.database = json.optValue<std::string>("database", "ok"); // a server of before says nothing of it
    sample.timestamp = count(json, "timestamp");
    sample.uptime = std::chrono::milliseconds(count(json, "uptime"));
    sample.mappings = count(json, "mappings");
    sample.degraded = count(json, "degraded");
    sample.damaged = count(json, "damaged");
    sample.agents = count(json, "agentswaiting");
    sample.visitors = count(json, "visitorswaiting");
    sample.relays = count(json, "relays");
    sample.descriptors = count(json, "descriptors");
    sample.freeDescriptors = count(json, "availableDescriptors");
    sample.freePorts = count(json, "availablePorts");
    return sample;
}

std::vector<ConnectionSample> connectionsIn(const Poco::JSON::Object& json) {
    std::vector<ConnectionSample> result;
    for (const bool isAgent : {true, false}) {
        const auto list = json.getArray(isAgent ? "agents" : "visitors");
        if (!list) continue;
        for (const auto& one : *list)
            result.push_back(connectionIn(*one.extract<Poco::JSON::Object::Ptr>(), isAgent));
    }
    return result;
}

Snapshot takeSnapshot(ConnectorApi& api) {
    Snapshot snapshot;
    snapshot.server = serverIn(*api.get("/api/v2/status", kOfServer));
    snapshot.when = std::chrono::steady_clock::now();
    for (const auto& mapping : api.mappings())
        snapshot.mappings.push_back(mappingIn(*mapping));
    return snapshot;
}

ConnectionsSample takeConnections(ConnectorApi& api, const std::string& id) {
    ConnectionsSample sample;
    sample.id = id;
    sample.when = std::chrono::steady_clock::now();
    const auto json = api.findConnections(id);
    if (!json) return sample;
    sample.areKnown = true;
    sample.isTruncated = json->optValue("truncated", false);
    sample.connections = connectionsIn(*json);
    return sample;
}

} // namespace connector
