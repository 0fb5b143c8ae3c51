#include "metrics/MappingFamilies.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

namespace connector {

namespace {

constexpr double kMillisecondsPerSecond = 1000;

using Mappings = std::vector<MappingFigures>;
using Consumer = std::function<void(Family)>;
/// Of one mapping: adds what it has in a family.
using Adder = std::function<void(Family&, const MappingFigures&)>;

MetricLabels labelsOf(const MappingFigures& figures) {
    return {{"id", figures.id}, {"type", figures.type}, {"label", figures.label}, {"name", figures.name}};
}

MetricLabels labelsOf(const MappingFigures& figures, const char* name, const char* value) {
    auto labels = labelsOf(figures);
    labels.push_back({name, value});
    return labels;
}

/// The number of a side.
const char* portOf(std::size_t side) {
    return side == 0 ? "1" : "2";
}

void give(const Mappings& mappings, const Consumer& function, Family family, const Adder& add) {
    for (const auto& figures : mappings)
        add(family, figures);
    function(std::move(family));
}

/// Of each port that agents connect to.
template <class Values>
void addAgents(Family& family, const MappingFigures& figures, const Values& values) {
    family.add(values[0], labelsOf(figures, "port", portOf(0)));
    if (figures.hasAgentsAtPort2) family.add(values[1], labelsOf(figures, "port", portOf(1)));
}

void giveAgents(const Mappings& mappings, const Consumer& function) {
    give(mappings, function,
         gauge("mapping_agents", "Connections of authorized agents, waiting or in a relay."),
         [](auto& family, const auto& figures) {
             addAgents(family, figures, figures.status.agentsConnected);
         });
    give(mappings, function,
         gauge("mapping_agents_waiting", "Connections of authorized agents that can take somebody."),
         [](auto& family, const auto& figures) { addAgents(family, figures, figures.status.agentsWaiting); });
    give(mappings, function,
         gauge("mapping_last_agent_timestamp_seconds",
               "When an agent was last connected, 0 if none ever was. While one is, it is now."),
         [](auto& family, const auto& figures) {
             family.add(static_cast<double>(figures.lastAgent) / kMillisecondsPerSecond, labelsOf(figures));
         });
}

void giveRelays(const Mappings& mappings, const Consumer& function) {
    give(mappings, function,
         gauge("mapping_relays", "Relays that run; with an agent of PIPE/2 each is a stream."),
         [](auto& family, const auto& figures) { family.add(figures.status.relays, labelsOf(figures)); });
    give(mappings, function,
         counter("mapping_received_bytes_total",
                 "Payload that came in at that port to go out at the other one."),
         [](auto& family, const auto& figures) {
             for (std::size_t side = 0; side < figures.status.bytesFrom.size(); ++side)
                 family.add(static_cast<double>(figures.status.bytesFrom[side]),
                            labelsOf(figures, "port", portOf(side)));
         });
    give(mappings, function,
         histogram("mapping_opening_seconds",
                   "How long agents of PIPE/2 have taken to accept a stream, from CONNECT to the answer."),
         [](auto& family, const auto& figures) { family.add(figures.status.openings, labelsOf(figures)); });
}

void addRefusals(Family& family, const MappingFigures& figures) {
    constexpr std::array kReasons{"denied", "peraddress", "rate", "share", "waiting", "noagent", "silent"};
    static_assert(kReasons.size() == kVisitorRefusals);
    for (std::size_t i = 0; i < kReasons.size(); ++i)
        family.add(static_cast<double>(figures.status.visitorsRefused[i]),
                   labelsOf(figures, "reason", kReasons[i]));
}

void giveVisitors(const Mappings& all, const Consumer& function) {
    Mappings mappings;
    std::copy_if(all.begin(), all.end(), std::back_inserter(mappings),
                 [](const auto& figures) { return figures.hasVisitors; });
    give(mappings, function,
         counter("mapping_visitors_total", "Visitors that were let in, whatever has become of them."),
         [](auto& family, const auto& figures) {
             family.add(static_cast<double>(figures.status.visitorsAdmitted), labelsOf(figures));
         });
    give(mappings, function, gauge("mapping_visitors_waiting", "Visitors that wait for an agent."),
         [](auto& family, const auto& figures) {
             family.add(figures.status.visitorsWaiting, labelsOf(figures));
         });
    give(mappings, function,
         counter("mapping_visitors_refused_total", "Visitors that were not served, by the reason."),
         addRefusals);
    give(mappings, function,
         histogram("mapping_visitor_wait_seconds",
                   "How long visitors have waited until they were given to an agent, the TLS handshake "
                   "included, their own silence not."),
         [](auto& family, const auto& figures) {
             family.add(figures.status.visitorWaits, labelsOf(figures));
         });
}

} // namespace

void forEachMappingFamily(const Mappings& mappings, const Consumer& function) {
    if (mappings.empty()) return;
    giveAgents(mappings, function);
    giveRelays(mappings, function);
    giveVisitors(mappings, function);
    give(mappings, function,
         gauge("mapping_degraded",
               "1: a port is held by another program, visitors are turned away, or it has "
               "neither ports nor a front."),
         [](auto& family, const auto& figures) {
             family.add(static_cast<double>(figures.degraded), labelsOf(figures));
         });
}

} // namespace connector
