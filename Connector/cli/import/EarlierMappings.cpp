#include "cli/import/EarlierMappings.h"

#include "api/MappingRequest.h"
#include "base/JsonFields.h"
#include "model/MappingLimits.h"

namespace connector {

namespace {

constexpr std::int64_t kMaxPort = 65535;

std::string readId(JsonFields& fields) {
    const auto id = fields.text("id");
    try {
        return checkedMappingId(id);
    } catch (const FieldError&) {
        fields.refuse("id", "1 to 256 bytes of text");
    }
}

/// Any text; an error doesn't show it.
std::string readPasscode(JsonFields& fields, const std::string& key) {
    const FieldError wrong(fields.pathOf(key) + (fields.has(key) ? "" : ": missing") +
                           ": it must be a string");
    try {
        return fields.text(key);
    } catch (const FieldError&) {
        throw wrong;
    }
}

std::uint16_t readPort(JsonFields& fields, const std::string& key) {
    return static_cast<std::uint16_t>(fields.integer(key, 1, kMaxPort));
}

/// port: "port1" or "port2", which the keys end with.
Endpoint readAgentsEndpoint(JsonFields& fields, const std::string& port) {
    Endpoint endpoint;
    endpoint.port = readPort(fields, port);
    endpoint.passcode = readPasscode(fields, "passcode" + port);
    endpoint.maxConnections =
        static_cast<int>(fields.integer("maxconnections" + port, 1, kMaxAgentConnections));
    endpoint.heartbeatAbsenceThreshold = std::chrono::milliseconds(
        fields.integer("heartbeatabsencethreshold" + port, 0, kMaxHeartbeatAbsence));
    return endpoint;
}

Mapping readMapping(JsonFields& fields) {
    Mapping mapping;
    mapping.id = readId(fields);
    mapping.endpoint1 = readAgentsEndpoint(fields, "port1");
    if (mapping.endpoint1.passcode.empty())
        throw FieldError(fields.pathOf("passcodeport1") +
                         ": it must not be empty, as agents prove themselves with it");
    if (readPasscode(fields, "passcodeport2").empty()) {
        mapping.type = Mapping::Type::Public;
        mapping.endpoint2.port = readPort(fields, "port2"); // its limits were of no use
    } else {
        mapping.type = Mapping::Type::Private;
        mapping.endpoint2 = readAgentsEndpoint(fields, "port2");
    }
    if (mapping.endpoint1.port == mapping.endpoint2.port) fields.refuse("port2", "another port than port1");
    return mapping;
}

/// The earlier Connector marked with port 0 what it only told two agents of each other for.
bool isDirect(JsonFields& fields) {
    return fields.has("port1") && fields.integer("port1", 0, kMaxPort) == 0;
}

} // namespace

EarlierMappings EarlierMappings::parse(const std::string& text) {
    JsonFields root(parseJsonFile(text));
    if (!root.has("mappings"))
        throw FieldError("mappings: missing; it must be an array of objects, as in the configs.json of the "
                         "earlier Connector");
    EarlierMappings result;
    std::string problems;
    for (auto& fields : root.objects("mappings")) {
        try {
            if (isDirect(fields))
                result.skipped.push_back(
                    {readId(fields),
                     "it is a direct connection without ports, which there are none of any more"});
            else
                result.mappings.push_back(readMapping(fields));
        } catch (const FieldError& error) {
            problems += (problems.empty() ? "" : "\n  ") + std::string(error.what());
        }
    }
    if (!problems.empty()) throw FieldError(problems);
    return result;
}

} // namespace connector
