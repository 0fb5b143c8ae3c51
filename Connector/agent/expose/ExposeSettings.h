#pragma once

#include "agent/proxy/HttpProxy.h"
#include "cli/AgentJson.h"

#include <Poco/URI.h>

#include <optional>
#include <string>

namespace connector {

/// What the command `expose` was asked for. A value.
struct ExposeSettings {
    AgentTarget target;
    /// http or https, a host and a port.
    Poco::URI server;
    /// The proxy that it is reached through; nothing: none.
    std::optional<HttpProxy> proxy;
    /// "": none.
    std::string token;
    /// The CA certificates to trust, PEM; empty: the system's.
    std::string trusted;
    /// The mapping's name; empty: none.
    std::string name;
    /// Where the agent's configuration is kept; nothing: the mapping is removed at the end.
    std::optional<std::string> keptFile;

    /// What is logged on standard error: a name that isLogLevel() knows.
    std::string logLevel = "notice";

    bool isPlain() const { return server.getScheme() == "http"; }
};

/// "https://connector.example.org", or http, with or without a port. Throws CommandError.
Poco::URI serverOf(const std::string& text);

/// Throws CommandError when the token would go over a network without TLS.
void refuseTokenInClear(const ExposeSettings& settings);

/// Throws CommandError when the file that the agent's configuration is to be kept in is there already.
void refuseOverwriting(const std::string& file);

/// The token in a file, the only word that is in it. Throws CommandError, which never shows it, and
/// FileReadError.
std::string tokenIn(const std::string& file);

} // namespace connector
