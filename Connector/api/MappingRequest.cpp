#include "api/MappingRequest.h"

#include "api/Form.h"
#include "base/JsonFields.h"
#include "model/MappingLimits.h"

#include <Poco/Ascii.h>
#include <Poco/TextIterator.h>
#include <Poco/UTF8Encoding.h>

#include <algorithm>
#include <set>

namespace connector {

namespace {

constexpr std::size_t kMaxId = 256;
constexpr std::size_t kMaxProtocols = 16;
/// A protocol's name has its length in one byte (RFC 7301).
constexpr std::size_t kMaxProtocolName = 255;
constexpr const char* kAlpn = "alpn";
constexpr const char* kVisitorTls = "visitortls";

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

std::vector<std::string> readAlpn(JsonFields& fields) {
    const auto allowed = "an array of at most " + std::to_string(kMaxProtocols) +
                         " different names, each of 1 to " + std::to_string(kMaxProtocolName) +
                         " visible ASCII characters";
    auto names = fields.textArray(kAlpn, allowed, {});
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

} // namespace

Mapping readMapping(const std::string& mediaType, const std::string& body) {
    auto fields = parseMapping(mediaType, body);
    Mapping mapping;
    if (fields.oneOf("type", {Mapping::kPublic, Mapping::kPrivate}) == Mapping::kPublic) {
        mapping.type = Mapping::Type::Public;
        mapping.endpoint1 = readEndpoint(fields, "");
        mapping.visitors.alpn = readAlpn(fields);
        mapping.visitors.tls = fields.boolean(kVisitorTls, true);
    } else {
        mapping.type = Mapping::Type::Private;
        for (const auto* key : {kAlpn, kVisitorTls})
            if (fields.has(key)) fields.refuse(key, "left out, as a private mapping has no visitors");
        mapping.endpoint1 = readEndpoint(fields, "port1");
        mapping.endpoint2 = readEndpoint(fields, "port2");
    }
    return mapping;
}

MappingChange readMappingChange(const std::string& body) {
    JsonFields fields(parseJsonObject(body));
    const auto alpn = readAlpn(fields);
    const bool tls = fields.boolean(kVisitorTls, true);
    fields.refuseUnknown();
    MappingChange change;
    if (fields.has(kAlpn)) change.alpn = alpn;
    if (fields.has(kVisitorTls)) change.visitorTls = tls;
    if (!change.alpn && !change.visitorTls)
        throw FieldError(std::string("nothing is to be changed; what can be is ") + kAlpn + ", " +
                         kVisitorTls);
    return change;
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
