#include "cli/commands/EventsCommand.h"

#include "cli/ConnectorApi.h"

#include <Poco/DateTimeFormatter.h>

namespace connector {

namespace {

std::string inWords(const std::string& name, const Poco::JSON::Object& data) {
    const Poco::Timestamp time(data.optValue<Poco::Int64>("timestamp", 0) * 1000);
    auto line = Poco::DateTimeFormatter::format(time, "%Y-%m-%d %H:%M:%S UTC ") + name;
    for (const auto* key : {"id", "port", "name", "label"})
        if (data.has(key))
            line += (key == std::string("port") ? " port " : " ") + data.getValue<std::string>(key);
    return line;
}

/// What happened is in the event's name only.
Poco::JSON::Object withName(const std::string& name, const Poco::JSON::Object& data) {
    Poco::JSON::Object object(Poco::JSON_PRESERVE_KEY_ORDER);
    object.set("event", name);
    for (const auto& key : data.getNames())
        object.set(key, data.get(key));
    return object;
}

} // namespace

void showEvents(const CommonOptions& common, std::ostream& out) {
    ConnectorApi api(common.configurationFile());
    const auto heartbeat = api.configuration().pipes.limits.events.heartbeat;
    api.followEvents(heartbeat, [&](const std::string& name, const Poco::JSON::Object& data) {
        if (common.asJson)
            withName(name, data).stringify(out);
        else
            out << inWords(name, data);
        out << std::endl; // for whoever reads it at once
        return out.good();
    });
}

} // namespace connector
