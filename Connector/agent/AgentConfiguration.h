#pragma once

#include "agent/ProxyHeader.h"
#include "agent/proxy/ProxyChoice.h"
#include "base/JsonFields.h"

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace connector {

/// What one pipe of the agent does: whose connections it holds, and what it joins them to.
struct AgentPipeSettings {
    /// What is behind localHost:localPort.
    enum class Role {
        Connect,  ///< a target, to be connected to when payload comes
        Listen,   ///< a place to listen at for programs that want to be joined (private mappings)
        Messages, ///< nothing: ioMessages go to and from the node's bus (private mappings)
    };

    Role role = Role::Connect;
    /// The Connectors that serve the mapping, and its port there. At least one; none twice.
    std::vector<std::string> hosts;
    std::uint16_t port = 0;
    /// How the hosts are reached; the target never is by a proxy.
    ProxyChoice proxies;
    /// How often their addresses are looked up, in PIPE/2.
    std::chrono::milliseconds resolveInterval{0};
    /// The most addresses to hold connections to, in PIPE/2; no fewer than hosts.
    int maxAddresses = 0;
    /// Whether they run without TLS.
    bool isPlain = false;
    /// The most connections to hold to each address; in PIPE/1, the connections to hold.
    int connectionCount = 0;
    /// Connections to hold to each address in PIPE/2; 0: as many as Connector says.
    int connections = 0;
    /// Says who we are; never to be logged.
    std::string passcode;
    /// Not used by Role::Messages. A target may be a Unix socket (Resolver::kUnix), which has no port.
    std::string localHost;
    std::uint16_t localPort = 0;
    /// Time without sending after which a beat is sent; in PIPE/2, without receiving after which a PING is.
    std::chrono::milliseconds heartbeatFrequency{0};
    /// Silence of Connector after which a connection is given up; 0: never.
    std::chrono::milliseconds heartbeatAbsenceThreshold{0};
    /// The CA certificates to trust, PEM; empty: the system's.
    std::string trusted;
    /// What the target is told of the visitor, before anything else.
    ProxyProtocol proxyProtocol = ProxyProtocol::None;

    bool operator==(const AgentPipeSettings&) const = default;

    /// Whether they differ, if at all, in which Connectors are dialled, by which proxies, and what
    /// certificates are trusted: a pipe can change that while it runs.
    bool differsInRemotesOnly(const AgentPipeSettings& other) const;

    /// For people, in one line: "up to 60 connections to host:port for localhost:80".
    std::string summary() const;
};

/// Where the agent's configuration comes from.
enum class AgentSource {
    File,
    LocalApi, ///< of ioFog's agent on this node, which has a message bus, too
};

/// What stands in for keys that the configuration doesn't have.
struct AgentEnvironment {
    /// Empty: none.
    std::string passcode{};
    /// The URL of a proxy, and what is reached without it (ProxyChoice); empty: none.
    std::string proxy{};
    std::string noProxy{};

    /// What the process's environment says.
    static AgentEnvironment ofProcess();

    /// What its proxy is used for. Throws FieldError, whose message shows no password.
    ProxyChoice proxies() const;
};

/// The agent's configuration: the JSON of ioFog's networking container, and a few keys more; or several of
/// those objects in an array "pipes".
struct AgentConfiguration {
    std::vector<AgentPipeSettings> pipes;
    /// A name that isLogLevel() knows.
    std::string logLevel;
    /// How long relays may go on when the program is told to stop; 0: not at all.
    std::chrono::milliseconds drainTimeout{0};

    /// Throws FieldError, whose message never shows a passcode or a password.
    static AgentConfiguration parse(const std::string& text, const AgentEnvironment& environment,
                                    AgentSource source = AgentSource::File);

    /// Reads a file. Throws FieldError and FileReadError.
    static AgentConfiguration load(const std::string& file, const AgentEnvironment& environment);
};

/// Whether it is one of the log's levels.
bool isLogLevel(const std::string& name);

} // namespace connector
