#include "api/ConnectionHandlers.h"

#include "api/JsonAnswer.h"
#include "api/MappingRequest.h"
#include "base/JsonFields.h"
#include "base/Printable.h"

#include <Poco/JSON/Array.h>

#include <charconv>

namespace connector {

namespace {

const char* nameOf(ConnectionReport::State state) {
    switch (state) {
    case ConnectionReport::State::Waiting:
        return "waiting";
    case ConnectionReport::State::Relay:
        return "relay";
    case ConnectionReport::State::Streams:
        break;
    }
    return "streams";
}

Poco::JSON::Object::Ptr write(const ConnectionReport& report) {
    auto object = newJson();
    object->set("n", report.tag.number);
    object->set("port", static_cast<int>(report.side + 1));
    object->set("address", report.address);
    object->set("since", report.tag.since);
    if (report.kind == ConnectionReport::Kind::Agent)
        object->set("protocol", report.isPipe2 ? "PIPE/2" : "PIPE/1");
    object->set("state", nameOf(report.state));
    if (report.isPipe2) object->set("streams", report.streams);
    if (!report.agent.empty()) object->set("agent", report.agent);
    object->set("bytesin", report.bytesIn);
    object->set("bytesout", report.bytesOut);
    return object;
}

Poco::JSON::Array::Ptr write(const std::vector<ConnectionReport>& reports) {
    Poco::JSON::Array::Ptr array = new Poco::JSON::Array;
    for (const auto& report : reports)
        array->add(write(report));
    return array;
}

std::uint64_t readNumber(const std::string& text) {
    std::uint64_t number = 0;
    const auto* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, number);
    if (read.ec != std::errc() || read.ptr != end) {
        const std::string demand = "it must be a connection's number, as the list of connections has it";
        throw FieldError("n: \"" + printable(text) + "\" is not allowed; " + demand, "n: " + demand);
    }
    return number;
}

} // namespace

Poco::JSON::Object::Ptr ListConnectionsHandler::answer(const ApiRequest&) {
    const auto id = checkedMappingId(pathId());
    const auto connections = context().mappings.hearOf(id).connections(id);
    auto answer = newJson();
    answer->set("status", "ok");
    answer->set("id", id);
    answer->set("agents", write(connections.agents));
    answer->set("visitors", write(connections.visitors));
    if (connections.areTruncated) answer->set("truncated", true);
    answer->set("timestamp", timestampNow());
    return answer;
}

Poco::JSON::Object::Ptr EndConnectionHandler::answer(const ApiRequest& request) {
    const auto id = checkedMappingId(pathId());
    const auto number = readNumber(pathNumber());
    context().mappings.endConnection(id, number, request.caller);
    auto answer = newJson();
    answer->set("status", "ok");
    answer->set("id", id);
    answer->set("n", number);
    answer->set("timestamp", timestampNow());
    return answer;
}

} // namespace connector
