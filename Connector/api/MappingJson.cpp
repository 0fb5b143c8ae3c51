#include "api/MappingJson.h"

#include "api/JsonAnswer.h"
#include "model/MappingName.h"

#include <Poco/JSON/Array.h>

#include <array>

namespace connector {

namespace {

/// port: "", "port1" or "port2", which the keys end with.
void writeLimits(Poco::JSON::Object& object, const Endpoint& endpoint, const std::string& port) {
    object.set("maxconnections" + port, endpoint.maxConnections);
    object.set("heartbeatabsencethreshold" + port,
               static_cast<Poco::Int64>(endpoint.heartbeatAbsenceThreshold.count()));
}

void writeVisitors(Poco::JSON::Object& object, const VisitorSettings& visitors) {
    Poco::JSON::Array::Ptr alpn = new Poco::JSON::Array;
    for (const auto& name : visitors.alpn)
        alpn->add(name);
    object.set("alpn", alpn);
    object.set("visitortls", visitors.tls);
}

Poco::JSON::Array::Ptr namesOf(const std::vector<Network>& networks) {
    Poco::JSON::Array::Ptr names = new Poco::JSON::Array;
    for (const auto& network : networks)
        names->add(network.toString());
    return names;
}

/// All of it is given, and so is logRelays.
void writeTraffic(Poco::JSON::Object& object, const Mapping& mapping) {
    const auto& traffic = mapping.traffic;
    if (mapping.type == Mapping::Type::Public) {
        object.set("visitorsperaddress", *traffic.visitorsPerAddress);
        object.set("visitorrate", *traffic.visitorRate);
        object.set("allow", namesOf(*traffic.allow));
        object.set("deny", namesOf(*traffic.deny));
    }
    object.set("relayidle", static_cast<Poco::Int64>(traffic.relayIdle->count()));
    object.set("bandwidth", *traffic.bandwidth);
    object.set("logrelays", *mapping.logRelays);
}

Poco::JSON::Object::Ptr refusalsOf(const PipeStatus& status) {
    constexpr std::array kNames{"denied", "peraddress", "rate", "share", "waiting", "noagent", "silent"};
    static_assert(kNames.size() == kVisitorRefusals);
    auto refusals = newJson();
    for (std::size_t i = 0; i < kNames.size(); ++i)
        refusals->set(kNames[i], status.visitorsRefused[i]);
    return refusals;
}

void writeState(Poco::JSON::Object& object, const PipeStatus& status) {
    object.set("state", status.degraded ? "degraded" : "open");
    if (!status.degraded) return;
    Poco::JSON::Array::Ptr reasons = new Poco::JSON::Array;
    if (status.lacksPort[0]) reasons->add("port1");
    if (status.lacksPort[1]) reasons->add("port2");
    if (status.refusesPlainVisitors) reasons->add("visitortls");
    if (status.lacksFront) reasons->add("front");
    object.set("degraded", reasons);
}

void writeTimes(Poco::JSON::Object& object, const Mapping& mapping) {
    object.set("created", mapping.created);
    if (mapping.lastUse.agent != 0) object.set("lastagent", mapping.lastUse.agent);
    if (mapping.lastUse.visitor != 0) object.set("lastvisitor", mapping.lastUse.visitor);
}

/// An IPv6 address stands in brackets in a URL.
std::string asHost(const std::string& address) {
    return address.find(':') != std::string::npos ? "[" + address + "]" : address;
}

} // namespace

MappingJson::MappingJson(const std::string& address, bool tls, const FrontSettings& front)
    : _host(asHost(address)), _tls(tls), _front(front) {}

Poco::JSON::Object::Ptr MappingJson::front() const {
    if (_front.port == 0) return {};
    auto object = newJson();
    object->set("port", _front.port);
    object->set("domain", _front.domain);
    return object;
}

Poco::JSON::Object::Ptr MappingJson::write(const MappingReport& report) const {
    const auto& [mapping, status] = report;
    const bool isPublic = mapping.type == Mapping::Type::Public;
    auto object = newJson();
    object->set("id", mapping.id);
    object->set("type", mapping.typeName());
    object->set("label", mapping.label);
    object->set("name", mapping.name);
    object->set("ports", mapping.hasPorts);
    object->set("port1", portOf(mapping.endpoint1));
    object->set("port2", portOf(mapping.endpoint2));
    if (isPublic) {
        writeLimits(*object, mapping.endpoint1, "");
        writeVisitors(*object, mapping.visitors);
        object->set("url", urlOf(mapping));
        object->set("agentswaiting", status.agentsWaiting[0]);
        object->set("visitorswaiting", status.visitorsWaiting);
        object->set("visitorsrefused", refusalsOf(status));
    } else {
        writeLimits(*object, mapping.endpoint1, "port1");
        writeLimits(*object, mapping.endpoint2, "port2");
        object->set("agentswaitingport1", status.agentsWaiting[0]);
        object->set("agentswaitingport2", status.agentsWaiting[1]);
    }
    writeTraffic(*object, mapping);
    object->set("relays", status.relays);
    object->set("bytesfromport1", status.bytesFrom[0]);
    object->set("bytesfromport2", status.bytesFrom[1]);
    writeState(*object, status);
    writeTimes(*object, mapping);
    return object;
}

/// "" when there is none. An id that was imported need not be one that a domain can have.
std::string MappingJson::urlOf(const Mapping& mapping) const {
    const bool isByName = !mapping.name.empty() && !_front.isReserved(mapping.name);
    const auto& label = isByName ? mapping.name : mapping.id;
    if (_front.leadsTo(mapping.type) && isLabel(label) && !_front.isReserved(label))
        return _front.urlOf(label + "." + _front.domain);
    if (!mapping.hasPorts) return "";
    return (_tls && mapping.visitors.tls ? "https://" : "http://") + _host + ":" +
           std::to_string(mapping.endpoint2.port);
}

} // namespace connector
