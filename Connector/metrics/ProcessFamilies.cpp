#include "metrics/ProcessFamilies.h"

#include <array>
#include <fstream>
#include <string>
#include <sys/resource.h>
#include <unistd.h>

namespace connector {

namespace {

using Families = std::vector<Family>;

double secondsOf(std::chrono::nanoseconds time) {
    return std::chrono::duration<double>(time).count();
}

double secondsOf(const timeval& time) {
    constexpr double kMicroseconds = 1e-6;
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * kMicroseconds;
}

double cpuSeconds() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return secondsOf(usage.ru_utime) + secondsOf(usage.ru_stime);
}

/// proc(5): the second number of statm, in pages.
double residentBytes() {
    long all = 0;
    long resident = 0;
    std::ifstream("/proc/self/statm") >> all >> resident;
    return static_cast<double>(resident) * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

void addProcess(Families& families, const ProcessSources& sources) {
    auto build = gauge("build_info", "1, with the version, and what this Connector is called, as labels.");
    build.add(1, {{"version", CONNECTOR_VERSION}, {"node", sources.node}});
    families.push_back(std::move(build));
    families.push_back(gauge("start_time_seconds", "When the process started, in seconds since 1970.",
                             secondsOf(sources.started.time_since_epoch())));
    auto cpu = counter("cpu_seconds_total", "Processor time of the process, in the kernel, too.");
    cpu.add(cpuSeconds());
    families.push_back(std::move(cpu));
    families.push_back(
        gauge("resident_memory_bytes", "Memory of the process that is in RAM.", residentBytes()));
}

void addLoops(Families& families, EventLoops& loops) {
    auto busy = counter("event_loop_busy_seconds_total",
                        "Time that an event loop was at work. Its rate is the loop's busy share.");
    auto round =
        gauge("event_loop_round_seconds",
              "For how long an event loop has been at work without looking for events; 0: it waits.");
    for (std::size_t i = 0; i < loops.size(); ++i) {
        const MetricLabels labels{{"loop", std::to_string(i + 1)}};
        busy.add(secondsOf(loops.at(i).busy()), labels);
        round.add(secondsOf(loops.at(i).roundTime()), labels);
    }
    families.push_back(std::move(busy));
    families.push_back(std::move(round));
}

void addResources(Families& families, PipeEnvironment& pipes) {
    const auto descriptors = pipes.descriptors();
    families.push_back(
        gauge("descriptors", "Descriptors of pipes that are in use.", descriptors - pipes.freeDescriptors()));
    families.push_back(gauge("descriptors_limit", "How many there may be: limits.descriptors.", descriptors));
    families.push_back(gauge("buffered_bytes", "Payload that is kept for slow receivers.",
                             static_cast<double>(pipes.relays().buffered.count())));
    families.push_back(gauge("buffered_bytes_limit", "Above it less is kept: limits.buffered.",
                             static_cast<double>(pipes.limits()->relay.buffered)));
}

void addHandshakes(Family& family, const char* at, const HandshakeCounts& counts) {
    constexpr std::array kResults{"done", "failed", "abandoned"};
    static_assert(kResults.size() == kHandshakeResults);
    const auto values = counts.values();
    for (std::size_t i = 0; i < values.size(); ++i)
        family.add(static_cast<double>(values[i]), {{"at", at}, {"result", kResults[i]}});
}

void addStrangers(Families& families, const ProcessSources& sources) {
    auto handshakes = counter("tls_handshakes_total", "TLS handshakes, by what has come of them.");
    addHandshakes(handshakes, "pipes", sources.pipes.handshakes().counts());
    addHandshakes(handshakes, "api", sources.apiHandshakes);
    families.push_back(std::move(handshakes));

    constexpr std::array kReasons{"wrong-passcode", "left",     "handshake", "timeout",  "crowded",
                                  "slowed",         "no-place", "role",      "resources"};
    static_assert(kReasons.size() == kAgentRejections);
    auto rejected = counter("agents_rejected_total",
                            "Agents' connections, to ports of theirs or to the front, that were not "
                            "authorized, by the reason.");
    const auto values = sources.pipes.rejections().values();
    for (std::size_t i = 0; i < values.size(); ++i)
        rejected.add(static_cast<double>(values[i]), {{"reason", kReasons[i]}});
    families.push_back(std::move(rejected));
}

void addFront(Families& families, const ProcessSources& sources) {
    constexpr std::array kKinds{"agent",    "visitor", "api",      "unknown-name",
                                "unspoken", "crowded", "resources"};
    static_assert(kKinds.size() == kFrontArrivals);
    auto connections =
        counter("front_connections_total", "Connections to the front, by what they turned out to be.");
    const auto values = sources.frontArrivals.values();
    for (std::size_t i = 0; i < values.size(); ++i)
        connections.add(static_cast<double>(values[i]), {{"kind", kKinds[i]}});
    families.push_back(std::move(connections));
}

void addCertificate(Families& families, const TlsCredentials* credentials) {
    if (!credentials) return;
    auto end = gauge("tls_certificate_not_after_timestamp_seconds",
                     "Until when a certificate of the server's is valid.");
    for (const auto& certificate : credentials->current()->all())
        end.add(static_cast<double>(certificate->notAfter()), {{"file", certificate->file()}});
    families.push_back(std::move(end));
}

void addMappings(Families& families, const MappingService& mappings) {
    const auto totals = mappings.open().totals();
    families.push_back(
        gauge("ready", "1: all mappings were restored, and it is not shutting down.", mappings.isReady()));
    families.push_back(gauge("mappings", "Mappings that are open.", static_cast<double>(totals.mappings)));
    families.push_back(gauge("mappings_degraded",
                             "Mappings whose ports are held by other programs, whose visitors are turned "
                             "away, or that have no ports where there is no front for them.",
                             static_cast<double>(totals.degraded)));
    families.push_back(gauge("mappings_damaged", "Mappings that are damaged in the database and not served.",
                             static_cast<double>(totals.damaged)));
    families.push_back(gauge("ports_free", "Ports that no mapping has.",
                             static_cast<double>(mappings.open().freePortCount())));
    families.push_back(gauge("database_writable", "1: the latest write to the database has succeeded.",
                             mappings.databaseState() == DatabaseState::Ok));
    auto commits = histogram("database_commit_seconds", "How long commits to the database have taken.");
    commits.add(mappings.databaseCommits().snapshot());
    families.push_back(std::move(commits));
}

} // namespace

Families processFamilies(const ProcessSources& sources) {
    Families families;
    addProcess(families, sources);
    addLoops(families, sources.pipes.loops());
    addResources(families, sources.pipes);
    addStrangers(families, sources);
    addFront(families, sources);
    addCertificate(families, sources.credentials);
    addMappings(families, sources.mappings);
    return families;
}

} // namespace connector
