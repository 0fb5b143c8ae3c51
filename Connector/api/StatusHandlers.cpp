#include "api/StatusHandlers.h"

#include "api/JsonAnswer.h"
#include "api/MappingRequest.h"
#include "base/JsonFields.h"

#include <unistd.h>

namespace connector {

namespace {

const char* inWords(bool active) {
    return active ? "Active" : "Inactive";
}

/// Values are JSON already.
Poco::JSON::Object::Ptr jsonOf(const ConfigurationReport& report) {
    Poco::JSON::Array::Ptr kept = new Poco::JSON::Array;
    for (const auto& one : report.kept) {
        auto entry = newJson();
        entry->set("key", one.key);
        entry->set("value", parseJsonValue(one.value));
        entry->set("file", parseJsonValue(one.inFile));
        kept->add(entry);
    }
    auto json = newJson();
    json->set("read", report.read);
    json->set("changed", jsonArrayOf(report.changed));
    json->set("kept", kept);
    if (!report.error.empty()) json->set("error", report.error);
    return json;
}

} // namespace

Poco::JSON::Object::Ptr HealthHandler::answer(const ApiRequest&) {
    if (!context().mappings.isReady())
        throw HttpError(Poco::Net::HTTPResponse::HTTP_SERVICE_UNAVAILABLE,
                        "not ready: mappings are being restored, or the server is shutting down");
    auto answer = newJson();
    answer->set("status", "ok");
    answer->set("timestamp", timestampNow());
    return answer;
}

Poco::JSON::Object::Ptr StatusHandler::answer(const ApiRequest& request) {
    // A GET has its parameter in the query, a POST in the body.
    auto id = findMappingId("", request.query);
    if (!id && !request.body.empty()) id = findMappingId(request.mediaType, request.body);
    return !id || *id == "all" ? statusOfAll() : statusOf(*id);
}

Poco::JSON::Object::Ptr StatusHandler::statusOfAll() const {
    const auto totals = context().mappings.open().totals();
    const auto uptime = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now() - context().started);
    auto answer = newJson();
    answer->set("id", "all");
    answer->set("timestamp", timestampNow());
    answer->set("status", "running");
    answer->set("mappings", static_cast<Poco::UInt64>(totals.mappings));
    answer->set("version", CONNECTOR_VERSION);
    answer->set("node", context().rules->node);
    answer->set("process", ::getpid());
    answer->set("availablePorts", static_cast<Poco::UInt64>(context().mappings.open().freePortCount()));
    answer->set("descriptors", context().mappings.descriptorCount());
    answer->set("availableDescriptors", context().mappings.freeDescriptorCount());
    answer->set("uptime", static_cast<Poco::Int64>(uptime.count()));
    answer->set("database", nameOf(context().mappings.databaseState()));
    answer->set("damaged", static_cast<Poco::UInt64>(totals.damaged));
    answer->set("degraded", static_cast<Poco::UInt64>(totals.degraded));
    answer->set("agentswaiting", static_cast<Poco::Int64>(totals.agentsWaiting));
    answer->set("visitorswaiting", static_cast<Poco::Int64>(totals.visitorsWaiting));
    answer->set("visitorsrefused", static_cast<Poco::UInt64>(totals.visitorsRefused));
    answer->set("relays", static_cast<Poco::Int64>(totals.relays));
    answer->set("bytesrelayed", static_cast<Poco::UInt64>(totals.bytesRelayed));
    if (const auto front = context().rules->json.front()) answer->set("front", front);
    if (const auto failure = context().upgrade.failure(); !failure.reason.empty()) {
        auto upgrade = newJson();
        upgrade->set("failed", failure.reason);
        upgrade->set("timestamp", failure.timestamp);
        answer->set("upgrade", upgrade);
    }
    answer->set("configuration", jsonOf(context().configuration.get()));
    return answer;
}

Poco::JSON::Object::Ptr StatusHandler::statusOf(const std::string& id) const {
    const auto [mapping, status] = context().mappings.hearOf(id).show(id);
    const bool relaying = status.relays > 0;
    auto answer = newJson();
    answer->set("id", id);
    answer->set("timestamp", timestampNow());
    if (mapping.type == Mapping::Type::Public) {
        answer->set("public", inWords(!status.degraded));
        answer->set("private", inWords(relaying || status.agentsWaiting[0] > 0));
    } else {
        answer->set("private1", inWords(relaying || status.agentsWaiting[0] > 0));
        answer->set("private2", inWords(relaying || status.agentsWaiting[1] > 0));
    }
    return answer;
}

} // namespace connector
