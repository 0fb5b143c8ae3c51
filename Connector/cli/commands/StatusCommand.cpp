#include "cli/commands/StatusCommand.h"

#include "base/Json.h"
#include "cli/ConnectorApi.h"
#include "cli/Output.h"

#include <Poco/JSON/Array.h>

#include <algorithm>
#include <ctime>
#include <thread>

namespace connector {

namespace {

constexpr const char* kStatus = "/api/v2/status";
using Kind = NeededMember::Kind;
const NeededMembers kOfStatus{{"version", Kind::Text},
                              {"uptime", Kind::Number},
                              {"mappings", Kind::Number},
                              {"agentswaiting", Kind::Number},
                              {"visitorswaiting", Kind::Number},
                              {"visitorsrefused", Kind::Number},
                              {"relays", Kind::Number},
                              {"bytesrelayed", Kind::Number},
                              {"availablePorts", Kind::Number},
                              {"descriptors", Kind::Number},
                              {"availableDescriptors", Kind::Number}};
/// Between the two looks that a rate is made of.
constexpr std::chrono::seconds kSample{1};
/// A terminal has few lines; --json has them all.
constexpr std::size_t kMostShown = 10;

/// A resource is short when less than one in so many is free.
constexpr std::int64_t kShortBelow = 10;

/// Something that a running Connector lacks. A value.
struct Degradation {
    /// "mapping ID", "database", "configuration", "certificate", "ports" or "descriptors".
    std::string what;
    std::string why;
};

/// What is left of a resource.
struct Resource {
    std::int64_t free = 0;
    std::int64_t all = 0;
};

/// What `status` tells, however it is shown. A value.
struct Report {
    Poco::JSON::Object::Ptr status;
    double bytesPerSecond = 0;
    Resource ports;
    Resource descriptors;
    std::vector<Degradation> degradations;

    std::int64_t count(const char* key) const { return status->getValue<std::int64_t>(key); }
};

/// reason: as the API has it in the mapping's `degraded`.
std::string degradationBy(const std::string& reason, const Poco::JSON::Object& mapping) {
    if (reason == "visitortls")
        return "its visitors would speak plain TCP, and may not (pipes.allow-plain-visitors)";
    if (reason == "front")
        return "it has no ports, and nobody can come by the front (front.port, front.domain)";
    return "something else holds port " + mapping.getValue<std::string>(reason);
}

/// A mapping whose ports are not both open, or that has no agents where it needs some.
/// mapping: as the API shows it.
std::vector<Degradation> degradationsOf(const Poco::JSON::Object& mapping) {
    const auto count = [&](const char* key) { return mapping.getValue<std::int64_t>(key); };
    const auto name = "mapping " + mapping.getValue<std::string>("id");
    std::vector<Degradation> result;
    if (mapping.has("degraded"))
        for (const auto& reason : *mapping.getArray("degraded"))
            result.push_back({name, degradationBy(reason.toString(), mapping)});
    const bool isRelaying = count("relays") > 0;
    if (mapping.has("agentswaiting")) {
        if (count("agentswaiting") == 0 && !isRelaying)
            result.push_back({name, "no agent is connected"});
        else if (count("agentswaiting") == 0 && count("visitorswaiting") > 0)
            result.push_back({name, "visitors wait: all agents are in relays"});
        return result;
    }
    for (const std::string port : {"port1", "port2"})
        if (count(("agentswaiting" + port).c_str()) == 0 && !isRelaying)
            result.push_back({name, "no agent is connected to " + port});
    return result;
}

/// A resource of which less than a tenth is left. what: its name.
std::vector<Degradation> degradationsOf(const std::string& what, const Resource& resource) {
    if (resource.free * kShortBelow >= resource.all) return {};
    return {{what,
             "only " + std::to_string(resource.free) + " of " + std::to_string(resource.all) + " are free"}};
}

/// A server of before knows nothing of it.
std::vector<Degradation> degradationsOfDatabase(const Poco::JSON::Object& status) {
    std::vector<Degradation> result;
    const auto state = status.optValue<std::string>("database", "ok");
    if (state != "ok")
        result.push_back({"database", "it can't be written: " + state + "; the log says more"});
    const auto damaged = status.optValue<int>("damaged", 0);
    if (damaged > 0)
        result.push_back({"database", std::to_string(damaged) +
                                          " mappings are damaged, and not served; the log names them"});
    return result;
}

/// The same.
std::vector<Degradation> degradationsOfConfiguration(const Poco::JSON::Object& status) {
    const auto read = status.getObject("configuration");
    if (!read) return {};
    if (read->has("error"))
        return {
            {"configuration", "it was read again and is refused: " + read->getValue<std::string>("error")}};
    std::vector<Degradation> result;
    for (const auto& kept : *read->getArray("kept"))
        result.push_back(
            {"configuration", kept.extract<Poco::JSON::Object::Ptr>()->getValue<std::string>("key") +
                                  " has another value in the file; it is kept until a restart"});
    return result;
}

/// Of the certificates in the files; nothing when the user of this command can't read them.
std::vector<Degradation> degradationsOfCertificates(const Configuration& configuration) {
    std::vector<Degradation> result;
    try {
        const auto credentials = configuration.credentials();
        if (!credentials) return result;
        for (const auto& certificate : credentials->current()->all())
            if (auto complaint = certificate->complaint(std::time(nullptr)); !complaint.empty())
                result.push_back({"certificate", std::move(complaint)});
    } catch (const ConfigurationError&) { // `check` says why
    }
    return result;
}

/// A removed mapping takes its bytes along, which must not look like traffic backwards.
double rateBetween(const Poco::JSON::Object& before, const Poco::JSON::Object& after) {
    const auto bytes = after.getValue<double>("bytesrelayed") - before.getValue<double>("bytesrelayed");
    const auto milliseconds = after.getValue<double>("uptime") - before.getValue<double>("uptime");
    return milliseconds > 0 ? std::max(0.0, bytes * 1000 / milliseconds) : 0;
}

Report makeReport(ConnectorApi& api) {
    const auto before = api.get(kStatus, kOfStatus);
    std::this_thread::sleep_for(kSample);
    Report report;
    report.status = api.get(kStatus, kOfStatus);
    report.bytesPerSecond = rateBetween(*before, *report.status);
    const auto& configuration = api.configuration();
    report.ports = {report.count("availablePorts"), static_cast<std::int64_t>(configuration.ports.size())};
    report.descriptors = {report.count("availableDescriptors"), report.count("descriptors")};
    const auto add = [&](std::vector<Degradation> found) {
        std::move(found.begin(), found.end(), std::back_inserter(report.degradations));
    };
    add(degradationsOfDatabase(*report.status));
    add(degradationsOfConfiguration(*report.status));
    add(degradationsOfCertificates(configuration));
    add(degradationsOf("ports", report.ports));
    add(degradationsOf("descriptors", report.descriptors));
    for (const auto& mapping : api.mappings())
        add(degradationsOf(*mapping));
    return report;
}

Poco::JSON::Object::Ptr jsonOf(const Resource& resource) {
    auto object = newJson();
    object->set("free", resource.free);
    object->set("all", resource.all);
    return object;
}

Poco::JSON::Object::Ptr jsonOf(const Report& report, const ConnectorApi& api) {
    auto object = newJson();
    object->set("status", "running");
    object->set("version", report.status->getValue<std::string>("version"));
    object->set("config", api.configuration().file);
    object->set("api", api.url());
    object->set("dev", api.configuration().dev);
    for (const auto* key : {"uptime", "mappings", "agentswaiting", "visitorswaiting", "visitorsrefused",
                            "relays", "bytesrelayed"})
        object->set(key, report.count(key));
    object->set("bytespersecond", static_cast<Poco::Int64>(report.bytesPerSecond));
    object->set("ports", jsonOf(report.ports));
    object->set("descriptors", jsonOf(report.descriptors));
    Poco::JSON::Array::Ptr degradations = new Poco::JSON::Array;
    for (const auto& [what, why] : report.degradations) {
        auto one = newJson();
        one->set("what", what);
        one->set("why", why);
        degradations->add(one);
    }
    object->set("degraded", degradations);
    return object;
}

std::string inWords(const Resource& resource) {
    return std::to_string(resource.free) + " of " + std::to_string(resource.all) + " free";
}

void printReport(const Report& report, const ConnectorApi& api, std::ostream& out) {
    const auto& configuration = api.configuration();
    const auto text = [&](const char* key) { return report.status->getValue<std::string>(key); };
    printLines({{"version", text("version")},
                {"up", readableTime(std::chrono::milliseconds(report.count("uptime")))},
                {"API", api.url() + ", " +
                            (configuration.dev ? "development mode (no TLS)" : "production mode (TLS)")},
                {"config", configuration.file},
                {"mappings", text("mappings")},
                {"agents", text("agentswaiting") + " waiting"},
                {"visitors", text("visitorswaiting") + " waiting, " + text("visitorsrefused") + " refused"},
                {"relays", text("relays")},
                {"traffic", readableBytes(report.bytesPerSecond) + "/s, " +
                                readableBytes(static_cast<double>(report.count("bytesrelayed"))) + " so far"},
                {"ports", inWords(report.ports)},
                {"descriptors", inWords(report.descriptors)}},
               out);
    if (report.degradations.empty()) {
        out << "Nothing is degraded.\n";
        return;
    }
    out << "Degraded:\n";
    const auto shown = std::min(report.degradations.size(), kMostShown);
    for (std::size_t i = 0; i < shown; ++i)
        out << "  " << report.degradations[i].what << ": " << report.degradations[i].why << '\n';
    if (shown < report.degradations.size())
        out << "  and " << report.degradations.size() - shown << " more; --json has them all\n";
}

} // namespace

void showStatus(const CommonOptions& common, std::ostream& out) {
    ConnectorApi api(common.configurationFile());
    const auto report = makeReport(api);
    if (common.asJson) return printJson(*jsonOf(report, api), out);
    printReport(report, api, out);
}

} // namespace connector
