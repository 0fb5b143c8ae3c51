#include "cli/StatusCommand.h"

#include "cli/ConnectorApi.h"
#include "cli/Degradation.h"
#include "cli/Json.h"
#include "cli/Members.h"
#include "cli/Readable.h"

#include <Poco/JSON/Array.h>

#include <algorithm>
#include <thread>

namespace connector {

namespace {

constexpr const char* kStatus = "/api/v2/status";
using Kind = NeededMember::Kind;
const NeededMembers kOfStatus{{"version", Kind::Text},           {"uptime", Kind::Number},
                              {"mappings", Kind::Number},        {"agentswaiting", Kind::Number},
                              {"visitorswaiting", Kind::Number}, {"relays", Kind::Number},
                              {"bytesrelayed", Kind::Number},    {"availablePorts", Kind::Number},
                              {"descriptors", Kind::Number},     {"availableDescriptors", Kind::Number}};
/// Between the two looks that a rate is made of.
constexpr std::chrono::seconds kSample{1};
/// A terminal has few lines; --json has them all.
constexpr std::size_t kMostShown = 10;

/// What `status` tells, however it is shown. A value.
struct Report {
    Poco::JSON::Object::Ptr status;
    double bytesPerSecond = 0;
    Resource ports;
    Resource descriptors;
    std::vector<Degradation> degradations;

    std::int64_t count(const char* key) const { return status->getValue<std::int64_t>(key); }
};

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
    for (const auto* key :
         {"uptime", "mappings", "agentswaiting", "visitorswaiting", "relays", "bytesrelayed"})
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
                {"visitors", text("visitorswaiting") + " waiting"},
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

void StatusCommand::run(const Arguments& arguments, std::ostream& out) {
    ConnectorApi api(arguments.configurationFile());
    const auto report = makeReport(api);
    if (arguments.asJson()) return printJson(*jsonOf(report, api), out);
    printReport(report, api, out);
}

} // namespace connector
