#include "metrics/MappingFamilies.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

namespace connector {

namespace {

constexpr double kMillisecondsPerSecond = 1000;

using Samples = std::vector<MappingSample>;
using Consumer = std::function<void(Family)>;
/// Of one mapping: adds what it has in a family.
using Adder = std::function<void(Family&, const MappingSample&)>;

MetricLabels labelsOf(const MappingSample& sample) {
    return {{"id", sample.id}, {"type", sample.type}, {"label", sample.label}};
}

MetricLabels labelsOf(const MappingSample& sample, const char* name, const char* value) {
    auto labels = labelsOf(sample);
    labels.push_back({name, value});
    return labels;
}

/// The number of a side.
const char* portOf(std::size_t side) {
    return side == 0 ? "1" : "2";
}

void give(const Samples& samples, const Consumer& function, Family family, const Adder& add) {
    for (const auto& sample : samples)
        add(family, sample);
    function(std::move(family));
}

/// Of each port that agents connect to.
template <class Values>
void addAgents(Family& family, const MappingSample& sample, const Values& values) {
    family.add(values[0], labelsOf(sample, "port", portOf(0)));
    if (sample.hasAgentsAtPort2) family.add(values[1], labelsOf(sample, "port", portOf(1)));
}

void giveAgents(const Samples& samples, const Consumer& function) {
    give(samples, function,
         gauge("mapping_agents", "Connections of authorized agents, waiting or in a relay."),
         [](auto& family, const auto& sample) { addAgents(family, sample, sample.status.agentsConnected); });
    give(samples, function,
         gauge("mapping_agents_waiting", "Connections of authorized agents that can take somebody."),
         [](auto& family, const auto& sample) { addAgents(family, sample, sample.status.agentsWaiting); });
    give(samples, function,
         gauge("mapping_last_agent_timestamp_seconds",
               "When an agent was last connected, 0 if none ever was. While one is, it is now."),
         [](auto& family, const auto& sample) {
             family.add(static_cast<double>(sample.lastAgent) / kMillisecondsPerSecond, labelsOf(sample));
         });
}

void giveRelays(const Samples& samples, const Consumer& function) {
    give(samples, function,
         gauge("mapping_relays", "Relays that run; with an agent of PIPE/2 each is a stream."),
         [](auto& family, const auto& sample) { family.add(sample.status.relays, labelsOf(sample)); });
    give(samples, function,
         counter("mapping_received_bytes_total",
                 "Payload that came in at that port to go out at the other one."),
         [](auto& family, const auto& sample) {
             for (std::size_t side = 0; side < sample.status.bytesFrom.size(); ++side)
                 family.add(static_cast<double>(sample.status.bytesFrom[side]),
                            labelsOf(sample, "port", portOf(side)));
         });
    give(samples, function,
         histogram("mapping_opening_seconds",
                   "How long agents of PIPE/2 have taken to accept a stream, from CONNECT to the answer."),
         [](auto& family, const auto& sample) { family.add(sample.status.openings, labelsOf(sample)); });
}

void addRefusals(Family& family, const MappingSample& sample) {
    constexpr std::array kReasons{"denied", "peraddress", "rate", "share", "waiting", "noagent", "silent"};
    static_assert(kReasons.size() == kVisitorRefusals);
    for (std::size_t i = 0; i < kReasons.size(); ++i)
        family.add(static_cast<double>(sample.status.visitorsRefused[i]),
                   labelsOf(sample, "reason", kReasons[i]));
}

void giveVisitors(const Samples& all, const Consumer& function) {
    Samples samples;
    std::copy_if(all.begin(), all.end(), std::back_inserter(samples),
                 [](const auto& sample) { return sample.hasVisitors; });
    give(samples, function,
         counter("mapping_visitors_total", "Visitors that were let in, whatever has become of them."),
         [](auto& family, const auto& sample) {
             family.add(static_cast<double>(sample.status.visitorsAdmitted), labelsOf(sample));
         });
    give(samples, function, gauge("mapping_visitors_waiting", "Visitors that wait for an agent."),
         [](auto& family, const auto& sample) {
             family.add(sample.status.visitorsWaiting, labelsOf(sample));
         });
    give(samples, function,
         counter("mapping_visitors_refused_total", "Visitors that were not served, by the reason."),
         addRefusals);
    give(samples, function,
         histogram("mapping_visitor_wait_seconds",
                   "How long visitors have waited until they were given to an agent, the TLS handshake "
                   "included, their own silence not."),
         [](auto& family, const auto& sample) { family.add(sample.status.visitorWaits, labelsOf(sample)); });
}

} // namespace

void forEachMappingFamily(const Samples& samples, const Consumer& function) {
    if (samples.empty()) return;
    giveAgents(samples, function);
    giveRelays(samples, function);
    giveVisitors(samples, function);
    give(samples, function,
         gauge("mapping_degraded", "1: a port is held by another program, or visitors are turned away."),
         [](auto& family, const auto& sample) {
             family.add(static_cast<double>(sample.degraded), labelsOf(sample));
         });
}

} // namespace connector
