#include "api/MappingJson.h"

#include "api/JsonAnswer.h"

namespace connector {

namespace {

/// port: "", "port1" or "port2", which the keys end with.
void writeLimits(Poco::JSON::Object& object, const Endpoint& endpoint, const std::string& port) {
    object.set("maxconnections" + port, endpoint.maxConnections);
    object.set("heartbeatabsencethreshold" + port,
               static_cast<Poco::Int64>(endpoint.heartbeatAbsenceThreshold.count()));
}

/// An IPv6 address stands in brackets in a URL.
std::string asHost(const std::string& address) {
    const bool isBareIPv6 = address.find(':') != std::string::npos && !address.starts_with('[');
    return isBareIPv6 ? "[" + address + "]" : address;
}

} // namespace

MappingJson::MappingJson(std::string address, bool https)
    : _origin((https ? "https://" : "http://") + asHost(address)) {}

Poco::JSON::Object::Ptr MappingJson::write(const MappingReport& report) const {
    const auto& [mapping, status] = report;
    const bool isPublic = mapping.type == Mapping::Type::Public;
    auto object = newAnswer();
    object->set("id", mapping.id);
    object->set("type", isPublic ? "public" : "private");
    object->set("port1", mapping.endpoint1.port);
    object->set("port2", mapping.endpoint2.port);
    if (isPublic) {
        writeLimits(*object, mapping.endpoint1, "");
        object->set("url", urlOf(mapping));
        object->set("agentswaiting", status.agentsWaiting[0]);
        object->set("visitorswaiting", status.visitorsWaiting);
    } else {
        writeLimits(*object, mapping.endpoint1, "port1");
        writeLimits(*object, mapping.endpoint2, "port2");
        object->set("agentswaitingport1", status.agentsWaiting[0]);
        object->set("agentswaitingport2", status.agentsWaiting[1]);
    }
    object->set("relays", status.relays);
    object->set("bytesfromport1", status.bytesFrom[0]);
    object->set("bytesfromport2", status.bytesFrom[1]);
    object->set("state", status.degraded ? "degraded" : "open");
    return object;
}

std::string MappingJson::urlOf(const Mapping& mapping) const {
    return _origin + ":" + std::to_string(mapping.endpoint2.port);
}

} // namespace connector
