#include "cli/MappingGroup.h"

#include "cli/OptionValues.h"
#include "cli/Options.h"
#include "model/MappingLimits.h"

#include <CLI/CLI.hpp>

#include <limits>

namespace connector {

namespace {

constexpr const char* kAlpnHelp = "public: what the target speaks, by the names of ALPN, separated by commas "
                                  "and the preferred one first, such as h2,http/1.1";
constexpr const char* kNoTlsHelp =
    "public: visitors speak plain TCP; pipes.allow-plain-visitors must be true for that";
constexpr const char* kNameHelp = "public: what visitors call it in front.domain; lower-case letters, digits "
                                  "and hyphens, which no other mapping has";
/// What tells a mapping from all others.
constexpr const char* kWhich = "ID|NAME";
constexpr auto kMaxConnectionNumber = std::numeric_limits<std::int64_t>::max();
const std::string kLabelHelp =
    "a name for people, 1 to " + std::to_string(kMaxLabel) + " printable characters";

CLI::Option* addUnused(CLI::App& command, std::optional<std::chrono::seconds>& value,
                       const std::string& what) {
    const std::string name = "--unused";
    const auto read = [=, &value](const std::string& text) { value = timeOf(name, text); };
    return command
        .add_option_function<std::string>(
            name, read,
            what +
                " to which neither an agent nor a visitor was connected for so long, such as 7d; units are "
                "s, m, h, d and w")
        ->type_name("TIME");
}

void addAgentLimits(CLI::App& command, AddMappingOptions& options) {
    addInteger(command, "--max-connections", options.maxConnections, 1, kMaxAgentConnections, "N",
               "the most agents on a port at once, 1 to " + std::to_string(kMaxAgentConnections) + "; " +
                   std::to_string(kUsualPublicConnections) + " when public, " +
                   std::to_string(kUsualPrivateConnections) + " when private");
    addInteger(command, "--heartbeat-absence-threshold", options.heartbeatAbsence, 0, kMaxHeartbeatAbsence,
               "MS",
               "how long an agent may be silent, in ms; " + std::to_string(kUsualHeartbeatAbsence) +
                   "; 0: for ever");
    const auto* const same = "private: the same for port2, when it differs from port1";
    addInteger(command, "--max-connections2", options.maxConnections2, 1, kMaxAgentConnections, "N", same);
    addInteger(command, "--heartbeat-absence-threshold2", options.heartbeatAbsence2, 0, kMaxHeartbeatAbsence,
               "MS", same);
}

void addPorts(CLI::App& command, MappingSettings& settings, const std::string& otherwise) {
    addInteger(command, "--port1", settings.port1, 1, 65535, "N",
               "the port that agents dial: a free one of the configuration's \"ports\"" + otherwise);
    addInteger(command, "--port2", settings.port2, 1, 65535, "N",
               "the port that visitors dial, or the agents of the other side" + otherwise);
}

void addTraffic(CLI::App& command, MappingSettings& settings) {
    const auto upTo = "; 0: any number, 1 to " + std::to_string(kMaxVisitors);
    addInteger(command, "--visitors-per-address", settings.visitorsPerAddress, 0, kMaxVisitors, "N",
               "public: the most visitors of one IPv4 address or IPv6 /64 at once" + upTo);
    addInteger(command, "--visitor-rate", settings.visitorRate, 0, kMaxVisitors, "N",
               "public: the most new visitors of such an address in a second" + upTo);
    addText(command, "--allow", settings.allow, "NETWORKS",
            "public: where visitors may come from, such as 192.0.2.0/24,2001:db8::/32; empty: anywhere");
    addText(command, "--deny", settings.deny, "NETWORKS",
            "public: where they may not come from, even when allowed; empty: nowhere");
    addMilliseconds(
        command, "--relay-idle", settings.relayIdle, kMaxRelayIdle,
        "how long a relay may carry no byte, such as 10m; units are ms, s, m, h, d and w; 0: for ever");
    addInteger(command, "--bandwidth", settings.bandwidth, 0, kMaxBandwidth, "N",
               "bytes a second, each way, for all relays of the mapping together, from " +
                   std::to_string(kMinBandwidth) + "; 0: any number");
}

void addLogging(CLI::App& command, MappingSettings& settings) {
    auto* const log = addFlag(command, "--log-relays", settings.logRelays,
                              "write a line into the log at the end of each relay");
    addFlag(command, "--no-log-relays", settings.noLogRelays, "write none")->excludes(log);
}

} // namespace

MappingGroup::MappingGroup(CLI::App& app, const CommonOptions& common, std::ostream& out)
    : _group(*app.add_subcommand("mapping")), _common(common), _out(out) {
    _group.require_subcommand(1);
    addList();
    addShow();
    addAdd();
    addSet();
    addPasscode();
    addRemove();
    addConnections();
}

void MappingGroup::addList() {
    auto& command = addCommand(_group, "list", "list all mappings, or those that nobody uses",
                               [this] { listMappings(_common, _unused, _out); });
    addUnused(command, _unused, "only those mappings");
}

void MappingGroup::addShow() {
    auto& command =
        addCommand(_group, "show", "show one mapping", [this] { showMapping(_common, _id, _out); });
    addOperand(command, _id, kWhich);
}

void MappingGroup::addAdd() {
    auto& command =
        addCommand(_group, "add", "open a mapping", [this] { addMapping(_common, _added, _out); });
    auto& settings = _added.settings;
    addOperand(command, _added.type, "public|private");
    addText(command, "--label", settings.label, "TEXT", kLabelHelp);
    addText(command, "--name", settings.name, "NAME", kNameHelp);
    addPorts(command, settings, "; chosen unless it is given");
    addFlag(command, "--no-ports", _added.noPorts, "it has none: all come by the front (front.port)")
        ->excludes("--port1")
        ->excludes("--port2");
    addAgentLimits(command, _added);
    addText(command, "--alpn", settings.alpn, "NAMES", kAlpnHelp);
    addFlag(command, "--no-visitor-tls", settings.noTls, kNoTlsHelp);
    addTraffic(command, settings);
    addLogging(command, settings);
    auto* const agent = addFlag(command, "--agent-config", _added.agentConfig,
                                "public: print the configuration of the agent that serves it, for its node");
    addText(command, "--target", _added.target, "HOST:PORT",
            std::string("what that agent serves: a port of its node, HOST:PORT or unix:/path; ") +
                kUsualTarget)
        ->needs(agent);
}

void MappingGroup::addSet() {
    auto& command = addCommand(_group, "set", "change an open mapping",
                               [this] { changeMapping(_common, _id, _changed, _out); });
    addOperand(command, _id, kWhich);
    auto* const label = addText(command, "--label", _changed.label, "TEXT", kLabelHelp);
    addFlag(command, "--no-label", _changed.noLabel, "take its label away")->excludes(label);
    auto* const name = addText(command, "--name", _changed.name, "NAME", kNameHelp);
    addFlag(command, "--no-name", _changed.noName, "take its name away")->excludes(name);
    addPorts(command, _changed, "; connections that are open stay");
    auto* const alpn = addText(command, "--alpn", _changed.alpn, "NAMES", kAlpnHelp);
    addFlag(command, "--no-alpn", _changed.noAlpn, "public: select no protocol")->excludes(alpn);
    auto* const tls = addFlag(command, "--visitor-tls", _changed.tls, "public: visitors speak TLS");
    addFlag(command, "--no-visitor-tls", _changed.noTls, kNoTlsHelp)->excludes(tls);
    addTraffic(command, _changed);
    addLogging(command, _changed);
    addText(
        command, "--default", _changed.defaults, "OPTIONS",
        "what is to be as the configuration says (\"visitors\", log.relays) again, by the names of the "
        "options "
        "from --visitors-per-address to --log-relays, separated by commas, such as visitor-rate,bandwidth");
}

void MappingGroup::addPasscode() {
    auto& command = addCommand(_group, "passcode", "give an open mapping a new passcode",
                               [this] { changePasscode(_common, _passcode, _out); });
    addOperand(command, _passcode.id, kWhich);
    addText(command, "--side", _passcode.side, "port1|port2", "private, and needed there: whose passcode");
    addMilliseconds(
        command, "--overlap", _passcode.overlap, kMaxPasscodeOverlap,
        "how long the former one is as good, such as 10m; units are ms, s, m, h, d and w; 0, so not "
        "at all, unless it is given");
}

void MappingGroup::addRemove() {
    auto& command =
        addCommand(_group, "remove", "close a mapping and all its connections, or all that nobody uses",
                   [this] { removeMappings(_common, _removed, _out); });
    command.add_option("operand", _removed.id)->option_text("ID|NAME|--unused=TIME");
    auto* const unused = addUnused(command, _removed.unused, "instead of one: remove those mappings");
    addFlag(command, "--yes", _removed.yes, "with --unused: don't ask")->needs(unused);
}

void MappingGroup::addConnections() {
    auto& list = addCommand(_group, "connections", "list the agents and visitors of a mapping",
                            [this] { showConnections(_common, _id, _out); });
    addOperand(list, _id, kWhich);
    auto& end = addCommand(_group, "disconnect", "end one connection of a mapping", [this] {
        endConnection(_common, _id, integerOf("N", _number, 0, kMaxConnectionNumber), _out);
    });
    addOperand(end, _id, kWhich);
    addOperand(end, _number, "N");
}

} // namespace connector
