#include "agent/AgentConfiguration.h"

#include "agent/Resolver.h"
#include "base/FileText.h"
#include "base/HostName.h"
#include "base/PeerAddress.h"
#include "model/Mapping.h"
#include "model/MappingLimits.h"

#include <Poco/Ascii.h>
#include <Poco/Net/IPAddress.h>
#include <Poco/String.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <optional>
#include <set>
#include <span>
#include <sys/un.h>
#include <vector>

namespace connector {

namespace {

constexpr std::int64_t kMaxPort = 65535;

/// What ioFog's networking container is always given.
constexpr std::int64_t kHeartbeatFrequency = 20000;
constexpr std::int64_t kHeartbeatAbsenceThreshold = 60000;

/// Longer than most requests take, and well within what systemd and Kubernetes wait for by default.
constexpr std::int64_t kDrain = 20000;
constexpr std::int64_t kMaxDrain = 24 * 60 * 60 * 1000;

constexpr const char* kHostForm = "a host's name or address, without scheme, port, path or brackets";

/// Of a Unix socket (unix(7)).
constexpr std::size_t kMaxPath = sizeof(sockaddr_un::sun_path) - 1;

/// A record's usual least, and soon enough for one that is added: what has gone shows at once.
constexpr std::int64_t kResolve = 30000;
constexpr std::int64_t kMinResolve = 1000;
constexpr std::int64_t kMaxResolve = 24 * 60 * 60 * 1000;

/// More Connectors than most fleets have, and few enough that a wrong record costs nothing.
constexpr std::int64_t kAddresses = 16;
constexpr std::int64_t kMaxAddresses = 256;

/// Several times a UUID; with more, Connector could take it for something else than a greeting.
constexpr std::size_t kMaxPasscode = 128;
/// The passcode's way in when it shall not be in a file.
constexpr const char* kPasscodeVariable = "IOFOG_AGENT_PASSCODE";

/// As curl reads them: the first that is not empty.
constexpr std::array kProxyVariables{"https_proxy", "HTTPS_PROXY"};
constexpr std::array kNoProxyVariables{"no_proxy", "NO_PROXY"};

/// Nobody who sets these variables for a whole machine means them to be the proxy's own.
constexpr const char* kOwnHosts = "localhost,127.0.0.0/8,::1";

/// Characters of base64 in a line of PEM (RFC 7468).
constexpr std::size_t kPemLine = 64;
const std::string kPemBegin = "-----BEGIN CERTIFICATE-----";
const std::string kPemEnd = "-----END CERTIFICATE-----";

const std::vector<std::string> kLogLevels{"none",   "fatal",       "critical", "error", "warning",
                                          "notice", "information", "debug",    "trace"};

bool isVisible(char character) {
    return character > ' ' && character <= '~';
}

bool areVisible(const std::string& text) {
    return std::all_of(text.begin(), text.end(), isVisible);
}

/// Its zone may be that of a link which is not there yet.
bool isIpv6Address(const std::string& text) {
    Poco::Net::IPAddress address;
    return Poco::Net::IPAddress::tryParse(text.substr(0, text.find('%')), address) &&
           address.family() == Poco::Net::IPAddress::IPv6 && areVisible(text);
}

/// A name may have what the DNS does not, "_" for example, but nothing of a URL.
bool isHost(const std::string& name) {
    const auto isOfName = [](char one) {
        return Poco::Ascii::isAlphaNumeric(one) || one == '.' || one == '-' || one == '_';
    };
    return !name.empty() && name.size() <= kLongestHostName &&
           (std::all_of(name.begin(), name.end(), isOfName) || isIpv6Address(name));
}

bool isSocket(const std::string& host) {
    return host.starts_with(Resolver::kUnix);
}

/// One, or an array of them.
std::vector<std::string> hosts(JsonFields& fields, int most) {
    constexpr const char* kKey = "host";
    const auto allowed =
        std::string(kHostForm) + ", or an array of 1 to " + std::to_string(most) + " of them, each once";
    if (!fields.has(kKey)) throw FieldError(fields.pathOf(kKey) + ": missing; it must be " + allowed);
    const auto names = fields.texts(kKey, {}, allowed);
    const bool areUnique = std::set<std::string>(names.begin(), names.end()).size() == names.size();
    if (names.empty() || names.size() > static_cast<std::size_t>(most) || !areUnique ||
        !std::all_of(names.begin(), names.end(), isHost))
        fields.refuse(kKey, allowed);
    return names;
}

std::uint16_t port(JsonFields& fields, const std::string& key, std::int64_t least = 1) {
    return static_cast<std::uint16_t>(fields.integer(key, least, kMaxPort));
}

/// No error here may show what was given.
std::string passcode(JsonFields& fields, const std::string& fallback) {
    constexpr const char* kKey = "passcode";
    const FieldError wrong(fields.pathOf(kKey) +
                           ": what was given is not allowed; it must be a string of 1 to " +
                           std::to_string(kMaxPasscode) + " characters of visible ASCII");
    std::string passcode;
    try {
        passcode = fields.text(kKey, fallback);
    } catch (const FieldError&) {
        throw wrong;
    }
    if (passcode.empty() && !fields.has(kKey))
        throw FieldError(fields.pathOf(kKey) + ": missing; it must be here, or in " + kPasscodeVariable +
                         " in the environment");
    if (passcode.empty() || passcode.size() > kMaxPasscode || !areVisible(passcode)) throw wrong;
    return passcode;
}

AgentPipeSettings::Role role(JsonFields& fields, AgentSource source) {
    const bool isPrivate = fields.oneOf("mode", {Mapping::kPublic, Mapping::kPrivate}) == Mapping::kPrivate;
    if (!isPrivate && fields.has("role"))
        throw FieldError(fields.pathOf("role") +
                         ": only \"mode\": \"private\" has roles; it must be left out");
    if (!isPrivate) return AgentPipeSettings::Role::Connect;
    if (!fields.has("role")) {
        if (source == AgentSource::LocalApi) return AgentPipeSettings::Role::Messages;
        throw FieldError(
            fields.pathOf("role") +
            ": missing; it must be \"connect\" or \"listen\". Without it, a private pipe carries "
            "ioMessages, and there is a message bus only with --iofog");
    }
    return fields.oneOf("role", {"connect", "listen"}) == "listen" ? AgentPipeSettings::Role::Listen
                                                                   : AgentPipeSettings::Role::Connect;
}

/// The body of a certificate, in lines of any length, as PEM.
std::string wrapped(const std::string& body) {
    std::string base64;
    std::copy_if(body.begin(), body.end(), std::back_inserter(base64), isVisible);
    if (base64.empty()) return "";
    std::string pem = kPemBegin + "\n";
    for (std::size_t at = 0; at < base64.size(); at += kPemLine)
        pem += base64.substr(at, kPemLine) + "\n";
    return pem + kPemEnd + "\n";
}

/// PEM; or what a Fog Controller makes of it: without the first BEGIN line and the last END line, so that
/// those between several certificates are still there.
std::string trusted(JsonFields& fields) {
    const auto given = fields.text("cert", "");
    const auto begin = given.find("-----BEGIN");
    if (begin == std::string::npos) return wrapped(given);
    if (begin <= given.find(kPemEnd)) return given;
    std::string pem;
    for (std::size_t at = 0; at < given.size();) {
        const auto end = std::min(given.find(kPemEnd, at), given.size());
        auto body = given.substr(at, end - at);
        if (const auto line = body.find(kPemBegin); line != std::string::npos)
            body.erase(line, kPemBegin.size());
        pem += wrapped(body);
        at = end + kPemEnd.size();
    }
    return pem;
}

void readHeartbeat(JsonFields& fields, AgentPipeSettings& settings) {
    const auto frequency = fields.integer("heartbeatfrequency", 1, kMaxHeartbeatAbsence, kHeartbeatFrequency);
    const auto threshold =
        fields.integer("heartbeatabsencethreshold", 0, kMaxHeartbeatAbsence, kHeartbeatAbsenceThreshold);
    // Connector speaks only when it is spoken to.
    if (threshold > 0 && threshold <= frequency)
        throw FieldError(fields.pathOf("heartbeatabsencethreshold") + ": " + std::to_string(threshold) +
                         " is not allowed; it must be 0 or more than heartbeatfrequency, which is " +
                         std::to_string(frequency));
    settings.heartbeatFrequency = std::chrono::milliseconds(frequency);
    settings.heartbeatAbsenceThreshold = std::chrono::milliseconds(threshold);
}

ProxyProtocol proxyProtocol(JsonFields& fields, AgentPipeSettings::Role role) {
    if (!fields.has("proxyprotocol")) return ProxyProtocol::None;
    const auto version = fields.oneOf("proxyprotocol", {"v1", "v2"});
    if (role != AgentPipeSettings::Role::Connect)
        throw FieldError(
            fields.pathOf("proxyprotocol") +
            ": only a pipe that connects to a target can tell it of visitors; it must be left out");
    return version == "v1" ? ProxyProtocol::V1 : ProxyProtocol::V2;
}

/// Nothing when the key is not there. No error here may show what was given: there may be a password in it.
std::optional<ProxyChoice> proxyChoice(JsonFields& fields) {
    constexpr const char* kKey = "proxy";
    const FieldError wrong(fields.pathOf(kKey) + ": what was given is not allowed; it must be " +
                           HttpProxy::kForm + R"(; or "" or null for none)");
    if (fields.holdsNull(kKey)) return ProxyChoice();
    std::string url;
    try {
        if (!fields.has(kKey)) return std::nullopt;
        url = fields.text(kKey);
    } catch (const FieldError&) {
        throw wrong;
    }
    if (url.empty()) return ProxyChoice();
    const auto proxy = HttpProxy::parse(url);
    if (!proxy) throw wrong;
    return ProxyChoice{proxy, ""};
}

std::string firstVariable(std::span<const char* const> names) {
    for (const auto* name : names)
        if (const auto* value = std::getenv(name); value && *value) return value;
    return "";
}

/// The target, or where to listen.
void readLocal(JsonFields& fields, AgentPipeSettings& pipe) {
    constexpr const char* kHost = "localhost";
    constexpr const char* kPort = "localport";
    pipe.localHost = fields.text(kHost);
    if (!isSocket(pipe.localHost)) {
        if (!isHost(pipe.localHost)) fields.refuse(kHost, kHostForm);
        pipe.localPort = port(fields, kPort, pipe.role == AgentPipeSettings::Role::Messages ? 0 : 1);
        return;
    }
    const auto path = pipe.localHost.substr(Resolver::kUnix.size());
    if (pipe.role != AgentPipeSettings::Role::Connect || !path.starts_with('/') || path.size() > kMaxPath ||
        !areVisible(path))
        fields.refuse(kHost, std::string(kHostForm) +
                                 ", or, for a target, unix: and the path of a socket, which begins with / "
                                 "and has " +
                                 std::to_string(kMaxPath) + " characters of visible ASCII at the most");
    if (fields.has(kPort))
        throw FieldError(fields.pathOf(kPort) + ": a Unix socket has none; it must be left out");
}

/// proxies: what a pipe has that says nothing itself; nothing: what the environment says.
AgentPipeSettings readPipe(JsonFields& fields, const AgentEnvironment& environment, AgentSource source,
                           const std::optional<ProxyChoice>& proxies = std::nullopt) {
    AgentPipeSettings pipe;
    pipe.role = role(fields, source);
    pipe.resolveInterval =
        std::chrono::milliseconds(fields.integer("resolveinterval", kMinResolve, kMaxResolve, kResolve));
    pipe.maxAddresses = static_cast<int>(fields.integer("maxaddresses", 1, kMaxAddresses, kAddresses));
    pipe.hosts = hosts(fields, pipe.maxAddresses);
    pipe.port = port(fields, "port");
    const auto own = proxyChoice(fields);
    const auto choice = own ? own : proxies;
    pipe.proxies = choice ? *choice : environment.proxies(); // wrong only for those who need it
    pipe.connectionCount = static_cast<int>(fields.integer("connectioncount", 1, kMaxAgentConnections));
    pipe.connections = static_cast<int>(fields.integer("connections", 1, pipe.connectionCount, 0));
    pipe.passcode = passcode(fields, environment.passcode);
    readLocal(fields, pipe);
    readHeartbeat(fields, pipe);
    pipe.isPlain = fields.boolean("devmode", false);
    pipe.trusted = trusted(fields);
    pipe.proxyProtocol = proxyProtocol(fields, pipe.role);
    return pipe;
}

/// Which of them should take a message from the bus?
void refuseSeveralForMessages(const std::vector<AgentPipeSettings>& pipes) {
    const auto count = std::count_if(pipes.begin(), pipes.end(), [](const AgentPipeSettings& pipe) {
        return pipe.role == AgentPipeSettings::Role::Messages;
    });
    if (count > 1)
        throw FieldError("pipes: " + std::to_string(count) +
                         " of them have \"mode\": \"private\" and no role; only one can carry ioMessages");
}

} // namespace

bool AgentPipeSettings::differsInRemotesOnly(const AgentPipeSettings& other) const {
    auto same = *this;
    same.hosts = other.hosts;
    same.proxies = other.proxies;
    same.resolveInterval = other.resolveInterval;
    same.maxAddresses = other.maxAddresses;
    same.trusted = other.trusted;
    return same == other;
}

std::string AgentPipeSettings::summary() const {
    const auto names = Poco::cat(std::string(", "), hosts.begin(), hosts.end());
    const auto places = hosts.size() == 1 ? " to " + inWords(names, port)
                                          : " each to port " + std::to_string(port) + " of " + names;
    const bool isProxied = std::any_of(hosts.begin(), hosts.end(),
                                       [&](const auto& host) { return proxies.to(host).has_value(); });
    const auto remote = "up to " + std::to_string(connectionCount) + " connections" + places +
                        (isProxied ? " through the proxy " + proxies.proxy->name() : "");
    if (role == Role::Messages) return remote + " for ioMessages";
    return remote + (role == Role::Listen ? " for clients of " : " for the target ") +
           (localPort == 0 ? localHost : inWords(localHost, localPort));
}

AgentEnvironment AgentEnvironment::ofProcess() {
    return {.passcode = firstVariable(std::array{kPasscodeVariable}),
            .proxy = firstVariable(kProxyVariables),
            .noProxy = firstVariable(kNoProxyVariables)};
}

ProxyChoice AgentEnvironment::proxies() const {
    if (proxy.empty()) return {};
    const auto chosen = HttpProxy::parse(proxy);
    if (!chosen)
        throw FieldError(std::string(kProxyVariables.front()) +
                         " in the environment: what was given is not allowed; it must be " +
                         HttpProxy::kForm + R"(; or "proxy" must be in the configuration)");
    return {chosen, noProxy + "," + kOwnHosts};
}

AgentConfiguration AgentConfiguration::parse(const std::string& text, const AgentEnvironment& environment,
                                             AgentSource source) {
    JsonFields fields(source == AgentSource::File ? parseJsonFile(text) : parseJsonObject(text));
    AgentConfiguration configuration;
    configuration.logLevel = fields.oneOf("loglevel", kLogLevels, "information");
    configuration.drainTimeout =
        std::chrono::milliseconds(fields.integer("draintimeout", 0, kMaxDrain, kDrain));
    if (fields.has("pipes")) {
        const auto proxies = proxyChoice(fields);
        for (auto& pipe : fields.objects("pipes")) {
            configuration.pipes.push_back(readPipe(pipe, environment, source, proxies));
            pipe.refuseUnknown();
        }
        if (configuration.pipes.empty()) fields.refuse("pipes", "an array of at least one object");
        refuseSeveralForMessages(configuration.pipes);
    } else {
        configuration.pipes.push_back(readPipe(fields, environment, source));
    }
    fields.refuseUnknown();
    return configuration;
}

AgentConfiguration AgentConfiguration::load(const std::string& file, const AgentEnvironment& environment) {
    return parse(textOf(file), environment);
}

bool isLogLevel(const std::string& name) {
    return std::find(kLogLevels.begin(), kLogLevels.end(), name) != kLogLevels.end();
}

} // namespace connector
