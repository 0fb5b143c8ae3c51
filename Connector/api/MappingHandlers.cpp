#include "api/MappingHandlers.h"

#include "api/Form.h"
#include "api/JsonAnswer.h"
#include "api/MappingRequest.h"
#include "base/JsonFields.h"
#include "base/Printable.h"
#include "base/Uuid.h"

#include <Poco/JSON/Array.h>

#include <charconv>

namespace connector {

namespace {

constexpr std::size_t kDefaultLimit = 100;
constexpr std::size_t kMaxLimit = 1000;

std::size_t readLimit(const std::optional<std::string>& text) {
    if (!text) return kDefaultLimit;
    std::size_t limit = 0;
    const auto* const end = text->data() + text->size();
    const auto read = std::from_chars(text->data(), end, limit);
    if (read.ec != std::errc() || read.ptr != end || limit < 1 || limit > kMaxLimit) {
        const auto demand = "it must be a whole number from 1 to " + std::to_string(kMaxLimit);
        throw FieldError("limit: \"" + printable(*text) + "\" is not allowed; " + demand, "limit: " + demand);
    }
    return limit;
}

/// One, or none.
std::vector<MappingReport> namedIn(const OpenMappings& mappings, const std::string& name) {
    auto report = mappings.findNamed(name);
    if (!report) return {};
    return {std::move(*report)};
}

/// A mapping alone, and which Connector's figures these are.
Poco::JSON::Object::Ptr tell(const ApiRules& rules, const MappingReport& report) {
    auto answer = rules.json.write(report);
    answer->set("node", rules.node);
    return answer;
}

} // namespace

Poco::JSON::Object::Ptr AddMappingHandler::answer(const ApiRequest& request) {
    const auto& json = context().rules->json;
    const auto mapping = context().mappings.add(readMapping(request.mediaType, request.body), request.caller);
    auto answer = newJson();
    answer->set("status", "ok");
    answer->set("id", mapping.id);
    answer->set("port1", json.portOf(mapping.endpoint1));
    answer->set("port2", json.portOf(mapping.endpoint2));
    answer->set("passcode1", mapping.endpoint1.passcode);
    answer->set("passcode2", mapping.endpoint2.passcode);
    answer->set("timestamp", timestampNow());
    return answer;
}

Poco::JSON::Object::Ptr RemoveMappingHandler::answer(const ApiRequest& request) {
    const auto id = findMappingId(request.mediaType, request.body);
    if (!id) throw FieldError("mappingid: missing; it must be the id of the mapping to remove");
    context().mappings.remove(*id, request.caller);
    auto answer = newJson();
    answer->set("status", "ok");
    answer->set("id", *id);
    answer->set("timestamp", timestampNow());
    return answer;
}

Poco::JSON::Object::Ptr ListMappingsHandler::answer(const ApiRequest& request) {
    const Form query(request.query);
    const auto limit = readLimit(query.find("limit"));
    const auto after = query.find("after");
    const auto name = query.find("name");

    // One more than asked for, to know whether this is the last page.
    auto reports = name ? namedIn(context().mappings.open(), *name)
                        : context().mappings.open().list(after ? checkedMappingId(*after) : "", limit + 1);
    const bool hasMore = reports.size() > limit;
    if (hasMore) reports.pop_back();

    Poco::JSON::Array::Ptr mappings = new Poco::JSON::Array;
    for (const auto& report : reports)
        mappings->add(context().rules->json.write(report));
    auto answer = newJson();
    answer->set("mappings", mappings);
    answer->set("node", context().rules->node);
    if (hasMore) answer->set("next", reports.back().mapping.id);
    return answer;
}

Poco::JSON::Object::Ptr ShowMappingHandler::answer(const ApiRequest&) {
    const auto id = checkedMappingId(pathId());
    return tell(*context().rules, context().mappings.hearOf(id).show(id));
}

Poco::JSON::Object::Ptr ChangeMappingHandler::answer(const ApiRequest& request) {
    const auto id = checkedMappingId(pathId());
    const MappingChange change(request.body);
    const auto edit = [&](Mapping& mapping) { change.applyTo(mapping); };
    return tell(*context().rules, context().mappings.change(id, edit, change.inWords(), request.caller));
}

Poco::JSON::Object::Ptr ChangePasscodeHandler::answer(const ApiRequest& request) {
    const auto id = checkedMappingId(pathId());
    PasscodeChange change(request.body);
    const auto passcode = randomUuid();
    const auto edit = [&](Mapping& mapping) { change.applyTo(mapping, passcode); };
    context().mappings.change(id, edit, MappingService::kNewPasscode, request.caller);
    auto answer = newJson();
    answer->set("status", "ok");
    answer->set("id", id);
    answer->set(change.side() == "port1" ? "passcode1" : "passcode2", passcode);
    answer->set("overlap", static_cast<Poco::Int64>(change.overlap().count()));
    answer->set("timestamp", timestampNow());
    return answer;
}

} // namespace connector
