#pragma once

#include <Poco/JSON/Object.h>

#include <cstdint>
#include <string>

namespace connector {

/// What an agent is to serve: a place on its node. A value.
struct AgentTarget {
    /// A name or address, or "unix:/path", which has no port.
    std::string host;
    std::uint16_t port = 0;

    /// "8080", which is on 127.0.0.1, "HOST:PORT", "[ADDRESS]:PORT" or "unix:/path". option: what messages
    /// call it. Throws CommandError.
    static AgentTarget parse(const std::string& option, const std::string& text);

    /// The same for people.
    std::string toString() const;
};

/// How an agent reaches its public mapping. A value.
struct AgentAccess {
    std::string host;
    std::uint16_t port = 0;
    std::string passcode;
    /// Without TLS.
    bool isPlain = false;
    /// The certificates to trust, PEM; empty: the system's CAs.
    std::string trusted;
};

/// The configuration of an agent that serves a public mapping (iofog-connector-agent(1)).
Poco::JSON::Object::Ptr agentConfiguration(const AgentAccess& access, const AgentTarget& target);

} // namespace connector
