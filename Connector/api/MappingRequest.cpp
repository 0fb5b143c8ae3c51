#include "api/MappingRequest.h"

#include "api/Form.h"
#include "base/Printable.h"
#include "base/Timestamp.h"
#include "base/Uuid.h"
#include "model/MappingLimits.h"
#include "model/MappingName.h"

#include <Poco/Ascii.h>
#include <Poco/TextIterator.h>
#include <Poco/UTF8Encoding.h>

#include <algorithm>
#include <array>
#include <set>

namespace connector {

namespace {

constexpr std::size_t kMaxId = 256;
constexpr std::size_t kMaxProtocols = 16;
/// A protocol's name has its length in one byte (RFC 7301).
constexpr std::size_t kMaxProtocolName = 255;
constexpr const char* kAlpn = "alpn";
constexpr const char* kVisitorTls = "visitortls";
constexpr const char* kVisitorsPerAddress = "visitorsperaddress";
constexpr const char* kVisitorRate = "visitorrate";
constexpr const char* kAllow = "allow";
constexpr const char* kDeny = "deny";
constexpr const char* kName = "name";
constexpr const char* kPorts = "ports";
/// What private mappings don't have.
constexpr std::array kOfVisitors{kName, kAlpn, kVisitorTls, kVisitorsPerAddress, kVisitorRate, kAllow, kDeny};
constexpr const char* kRelayIdle = "relayidle";
constexpr const char* kBandwidth = "bandwidth";
constexpr const char* kLabel = "label";
constexpr const char* kLogRelays = "logrelays";

bool isJson(const std::string& mediaType) {
    return mediaType == "application/json";
}

bool startsLikeJson(const std::string& text) {
    const auto first =
        std::find_if_not(text.begin(), text.end(), [](char c) { return Poco::Ascii::isSpace(c); });
    return first != text.end() && *first == '{';
}

std::string jsonOfMapping(const std::string& mediaType, const std::string& body) {
    if (isJson(mediaType) || startsLikeJson(body)) return body;
    const Form form(body);
    if (const auto mapping = form.find("mapping")) return *mapping;
    if (startsLikeJson(form.bareText())) return form.bareText();
    throw FieldError("mapping: missing; the body must be mapping=<JSON object>, or the JSON object alone");
}

JsonFields parseMapping(const std::string& mediaType, const std::string& body) {
    const auto json = jsonOfMapping(mediaType, body);
    try {
        return JsonFields(parseJsonObject(json));
    } catch (const FieldError& error) {
        throw FieldError(std::string("mapping: ") + error.what());
    }
}

/// port: "", "port1" or "port2", which the keys end with.
Endpoint readEndpoint(JsonFields& fields, const std::string& port) {
    Endpoint endpoint;
    endpoint.maxConnections =
        static_cast<int>(fields.integer("maxconnections" + port, 1, kMaxAgentConnections));
    endpoint.heartbeatAbsenceThreshold = std::chrono::milliseconds(
        fields.integer("heartbeatabsencethreshold" + port, 0, kMaxHeartbeatAbsence));
    return endpoint;
}

bool isProtocolName(const std::string& name) {
    return !name.empty() && name.size() <= kMaxProtocolName &&
           std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c <= '~'; });
}

std::vector<std::string> readAlpn(JsonFields& fields, const std::vector<std::string>& current) {
    const auto allowed = "an array of at most " + std::to_string(kMaxProtocols) +
                         " different names, each of 1 to " + std::to_string(kMaxProtocolName) +
                         " visible ASCII characters";
    auto names = fields.textArray(kAlpn, allowed, current);
    const bool areDifferent = std::set<std::string>(names.begin(), names.end()).size() == names.size();
    if (names.size() > kMaxProtocols || !areDifferent ||
        !std::all_of(names.begin(), names.end(), isProtocolName))
        fields.refuse(kAlpn, allowed);
    return names;
}

bool isUtf8WithoutControls(const std::string& text) {
    const Poco::UTF8Encoding utf8;
    const Poco::TextIterator end(text);
    for (Poco::TextIterator character(text, utf8); character != end; ++character)
        if (*character < ' ' || (*character >= 0x7F && *character < 0xA0)) return false; // -1: not UTF-8
    return true;
}

/// Characters of UTF-8 text: all bytes but those that continue one.
std::size_t lengthOf(const std::string& utf8) {
    const auto begins = [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U; };
    return static_cast<std::size_t>(std::count_if(utf8.begin(), utf8.end(), begins));
}

std::string readLabel(JsonFields& fields, const std::string& current) {
    const auto allowed = "null, or 1 to " + std::to_string(kMaxLabel) + " printable characters";
    if (fields.holdsNull(kLabel)) return "";
    const auto label = fields.text(kLabel, current);
    const bool isGiven = fields.has(kLabel);
    if (isGiven && (label.empty() || !isUtf8WithoutControls(label) || lengthOf(label) > kMaxLabel))
        fields.refuse(kLabel, allowed);
    return label;
}

std::string readName(JsonFields& fields, const std::string& current) {
    if (fields.holdsNull(kName)) return "";
    auto name = fields.text(kName, current);
    if (!fields.has(kName) || name.empty()) return name;
    if (!isLabel(name)) fields.refuse(kName, "null, or " + std::string(kLabelRule));
    if (isUuid(name)) fields.refuse(kName, "another name, as ids of mappings have that form");
    return name;
}

/// 0 when it is left to the server.
std::uint16_t readPort(JsonFields& fields, const std::string& key, const Endpoint& current, bool hasPorts) {
    const auto port = fields.integer(key, 1, 65535, 1);
    if (!fields.has(key)) return current.port;
    if (!hasPorts) fields.refuse(key, "left out, as the mapping has no ports of its own");
    return static_cast<std::uint16_t>(port);
}

/// Of a member that may be null: that is what is not given.
template <class Value, class Read>
void readOptional(JsonFields& fields, const std::string& key, std::optional<Value>& value, Read&& read) {
    if (fields.holdsNull(key))
        value.reset();
    else if (fields.has(key))
        value = read();
}

std::int64_t readBandwidth(JsonFields& fields) {
    const auto bandwidth = fields.integer(kBandwidth, 0, kMaxBandwidth);
    if (bandwidth > 0 && bandwidth < kMinBandwidth)
        fields.refuse(kBandwidth,
                      "0, or a whole number from " + std::to_string(kMinBandwidth) + " bytes a second");
    return bandwidth;
}

void readRelayLimits(JsonFields& fields, TrafficLimits& limits) {
    readOptional(fields, kRelayIdle, limits.relayIdle,
                 [&] { return std::chrono::milliseconds(fields.integer(kRelayIdle, 0, kMaxRelayIdle)); });
    readOptional(fields, kBandwidth, limits.bandwidth, [&] { return readBandwidth(fields); });
}

void readVisitorLimits(JsonFields& fields, TrafficLimits& limits) {
    for (auto [key, limit] : {std::pair(kVisitorsPerAddress, &limits.visitorsPerAddress),
                              std::pair(kVisitorRate, &limits.visitorRate)})
        readOptional(fields, key, *limit,
                     [&, name = key] { return static_cast<int>(fields.integer(name, 0, kMaxVisitors)); });
    for (auto [key, networks] : {std::pair(kAllow, &limits.allow), std::pair(kDeny, &limits.deny)})
        readOptional(fields, key, *networks,
                     [&, name = key] { return readNetworks(fields, name, kMaxNetworks, "null, or "); });
}

/// All that may be said in `add` and changed later; what is left out stays as it is.
void readSettings(JsonFields& fields, Mapping& mapping) {
    mapping.label = readLabel(fields, mapping.label);
    mapping.endpoint1.port = readPort(fields, "port1", mapping.endpoint1, mapping.hasPorts);
    mapping.endpoint2.port = readPort(fields, "port2", mapping.endpoint2, mapping.hasPorts);
    readRelayLimits(fields, mapping.traffic);
    readOptional(fields, kLogRelays, mapping.logRelays, [&] { return fields.boolean(kLogRelays, false); });
    if (mapping.type == Mapping::Type::Private) {
        for (const auto* key : kOfVisitors)
            if (fields.has(key)) fields.refuse(key, "left out, as a private mapping has no visitors");
        return;
    }
    mapping.name = readName(fields, mapping.name);
    mapping.visitors.alpn = readAlpn(fields, mapping.visitors.alpn);
    mapping.visitors.tls = fields.boolean(kVisitorTls, mapping.visitors.tls);
    readVisitorLimits(fields, mapping.traffic);
}

} // namespace

Mapping readMapping(const std::string& mediaType, const std::string& body) {
    auto fields = parseMapping(mediaType, body);
    Mapping mapping;
    if (fields.oneOf("type", {Mapping::kPublic, Mapping::kPrivate}) == Mapping::kPublic) {
        mapping.type = Mapping::Type::Public;
        mapping.endpoint1 = readEndpoint(fields, "");
    } else {
        mapping.type = Mapping::Type::Private;
        mapping.endpoint1 = readEndpoint(fields, "port1");
        mapping.endpoint2 = readEndpoint(fields, "port2");
    }
    mapping.hasPorts = fields.boolean(kPorts, true);
    readSettings(fields, mapping);
    return mapping;
}

MappingChange::MappingChange(const std::string& body) : _body(body), _fields(parseJsonObject(body)) {
    Mapping any;
    readSettings(_fields, any);
    if (_fields.has(kPorts))
        _fields.refuse(kPorts, "left out, as whether a mapping has ports of its own can't be changed");
    _fields.refuseUnknown();
    if (_fields.names().empty())
        throw FieldError("nothing is to be changed; what can be is " + _fields.knownNames());
}

void MappingChange::applyTo(Mapping& mapping) const {
    auto fields = _fields;
    readSettings(fields, mapping);
}

std::string MappingChange::inWords() const {
    constexpr std::size_t kMost = 500;
    return printable(_body, kMost);
}

PasscodeChange::PasscodeChange(const std::string& body) {
    if (body.empty()) return;
    JsonFields fields(parseJsonObject(body));
    _side = fields.oneOf("side", {"port1", "port2"}, "");
    _overlap = std::chrono::milliseconds(fields.integer("overlap", 0, kMaxPasscodeOverlap, 0));
    fields.refuseUnknown();
}

void PasscodeChange::applyTo(Mapping& mapping, const std::string& passcode) {
    const bool isPublic = mapping.type == Mapping::Type::Public;
    if (isPublic && _side == "port2")
        throw FieldError(
            "side: \"port2\" has no passcode, as visitors of a public mapping have none; it must "
            "be \"port1\"");
    if (!isPublic && _side.empty())
        throw FieldError("side: missing; it must be \"port1\" or \"port2\", as a private mapping has two "
                         "passcodes");
    if (_side.empty()) _side = "port1";
    auto& endpoint = _side == "port1" ? mapping.endpoint1 : mapping.endpoint2;
    endpoint.formerPasscode = _overlap.count() > 0 ? endpoint.passcode : "";
    endpoint.formerPasscodeUntil = _overlap.count() > 0 ? timestampNow() + _overlap.count() : 0;
    endpoint.passcode = passcode;
}

void readTrafficLimits(JsonFields& fields, TrafficLimits& limits) {
    readRelayLimits(fields, limits);
    readVisitorLimits(fields, limits);
}

std::optional<std::string> findMappingId(const std::string& mediaType, const std::string& body) {
    if (isJson(mediaType)) {
        JsonFields fields(parseJsonObject(body));
        if (!fields.has("mappingid")) return std::nullopt;
        return checkedMappingId(fields.text("mappingid"));
    }
    const auto id = Form(body).find("mappingid");
    if (!id) return std::nullopt;
    return checkedMappingId(*id);
}

std::string checkedMappingId(const std::string& id) {
    if (id.empty() || id.size() > kMaxId || !isUtf8WithoutControls(id))
        throw FieldError("mappingid: it must be the id of a mapping, 1 to 256 bytes of text");
    return id;
}

} // namespace connector
