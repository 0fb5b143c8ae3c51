#include "app/ReloadPlan.h"

#include "base/JsonFields.h"

#include <Poco/JSON/Object.h>
#include <Poco/String.h>

#include <sstream>

namespace connector {

namespace {

using Kept = ConfigurationReport::Kept;

std::string valueOf(const JsonFields::Values& values, const std::string& key) {
    const auto found = values.find(key);
    return found == values.end() ? "" : found->second;
}

std::vector<Kept> keptOf(const Configuration& running, const Configuration& wanted) {
    std::vector<Kept> kept;
    for (const auto& key : ReloadPlan::keptKeys()) {
        const auto value = valueOf(running.values, key);
        const auto inFile = valueOf(wanted.values, key);
        if (value != inFile) kept.push_back({key, value, inFile});
    }
    return kept;
}

std::vector<std::string> changesOf(const Configuration& running, const Configuration& next) {
    std::set<std::string> keys;
    for (const auto* one : {&running, &next})
        for (const auto& [key, value] : one->values)
            if (valueOf(running.values, key) != valueOf(next.values, key)) keys.insert(key);
    return {keys.begin(), keys.end()};
}

/// path: with dots for nesting.
void setIn(Poco::JSON::Object::Ptr object, std::string path, const std::string& json) {
    for (auto dot = path.find('.'); dot != std::string::npos; dot = path.find('.')) {
        const auto name = path.substr(0, dot);
        if (!object->has(name)) object->set(name, Poco::JSON::Object::Ptr(new Poco::JSON::Object));
        object = object->getObject(name);
        path = path.substr(dot + 1);
    }
    object->set(path, parseJsonValue(json));
}

/// The file's text, with the values that these keys have instead of those in the file: so what is kept is
/// checked together with what is new, by the same rules.
std::string withKept(const std::string& text, const std::vector<Kept>& kept) {
    const auto object = parseJsonObject(text);
    for (const auto& one : kept)
        setIn(object, one.key, one.value);
    std::ostringstream out;
    object->stringify(out);
    return out.str();
}

Configuration mergedFrom(const std::string& text, const std::string& file, const std::vector<Kept>& kept) {
    try {
        return Configuration::parse(withKept(text, kept), file);
    } catch (const ConfigurationError& error) {
        throw ConfigurationError(
            std::string(error.what()) +
            "; the file is right for a restart, but until then these stay: " + inWords(kept));
    }
}

} // namespace

ReloadPlan::ReloadPlan(const Configuration& running, const std::string& file) {
    const auto text = configurationText(file);
    const auto wanted = Configuration::parse(text, file);
    if (wanted.dev != running.dev) wanted.credentials();
    report.kept = keptOf(running, wanted);
    next = report.kept.empty() ? wanted : mergedFrom(text, file, report.kept);
    next.noteFiles();
    report.changed = changesOf(running, next);
}

const std::set<std::string>& ReloadPlan::reloadableKeys() {
    static const std::set<std::string> keys{
        "address",
        "api.anonymous",
        "api.hosts",
        "api.identities",
        "api.trusted-proxies",
        "broker",
        "metrics.mappings",
        "exclude",
        "front.acme-webroot",
        "front.reserved",
        "front.trusted-proxies",
        "limits.agent-memory",
        "limits.agents-gone",
        "limits.api-connections",
        "limits.api-connections-per-address",
        "limits.api-unidentified",
        "limits.authorizing",
        "limits.backlog",
        "limits.buffered",
        "limits.concurrent-streams",
        "limits.control-frames",
        "limits.database-busy",
        "limits.database-compare",
        "limits.database-grace",
        "limits.database-wait",
        "limits.database-waiting",
        "limits.descriptors",
        "limits.drain",
        "limits.drain-silence",
        "limits.event-heartbeat",
        "limits.event-streams",
        "limits.events",
        "limits.first-bytes",
        "limits.front-connections",
        "limits.greeting-first-byte",
        "limits.greeting-rest",
        "limits.held-payload",
        "limits.idle-relay-yields",
        "limits.keepalive-idle",
        "limits.keepalive-interval",
        "limits.kernel-buffer",
        "limits.last-use",
        "limits.linger",
        "limits.log-lines",
        "limits.log-summary",
        "limits.loop-wait",
        "limits.mapping-visitors",
        "limits.open",
        "limits.place-wait",
        "limits.proxy-headers",
        "limits.relay-buffer",
        "limits.request-body",
        "limits.request-time",
        "limits.retry-ports",
        "limits.session-unsent",
        "limits.silent-agent",
        "limits.slow-peer",
        "limits.stale-longest",
        "limits.stale-quiet",
        "limits.stream-resets",
        "limits.stream-window",
        "limits.streams",
        "limits.unsent",
        "limits.upgrade",
        "limits.user-timeout",
        "limits.visitor-silence",
        "limits.visitor-wait",
        "limits.waiting-visitors",
        "limits.wrong-passcode-longest-pause",
        "limits.wrong-passcode-pause",
        "limits.wrong-passcodes",
        "limits.wrong-passcodes-within",
        "log.file",
        "log.format",
        "log.level",
        "log.relays",
        "node",
        "pipes.allow-plain-visitors",
        "pipes.trusted-proxies",
        "ports",
        "tls.certificate",
        "tls.certificates",
        "tls.controllers-ca",
        "tls.key",
        "tls.ocsp",
        "visitors.allow",
        "visitors.bandwidth",
        "visitors.deny",
        "visitors.relayidle",
        "visitors.visitorrate",
        "visitors.visitorsperaddress",
    };
    return keys;
}

const std::set<std::string>& ReloadPlan::keptKeys() {
    static const std::set<std::string> keys{
        "api.bind",   "api.port",           "database",     "dev",          "front.domain", "front.http-port",
        "front.port", "limits.api-threads", "metrics.bind", "metrics.port", "pipes.bind",   "threads",
    };
    return keys;
}

std::string inWords(const std::vector<ConfigurationReport::Kept>& kept) {
    std::vector<std::string> words;
    for (const auto& one : kept)
        words.push_back(one.key + " (" + one.value + ", the file says " + one.inFile + ")");
    return Poco::cat(std::string(", "), words.begin(), words.end());
}

} // namespace connector
