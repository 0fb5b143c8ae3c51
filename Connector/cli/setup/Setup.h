#pragma once

#include "cli/Files.h"

#include <cstdint>
#include <string>
#include <vector>

namespace connector {

/// What a configuration for production is made of. A value.
struct SetupAnswers {
    /// Where the configuration goes; the certificate and the key go beside it.
    std::string configurationFile;
    /// Public names and addresses of the server, at least one. The first becomes the configuration's
    /// "address", and a certificate that is made is for all of them.
    std::vector<std::string> addresses;
    std::vector<std::string> ports;
    std::vector<std::string> exclude;
    std::string apiBind; ///< "": as where the configuration says nothing
    std::int64_t apiPort = 443;
    /// The Fog Controller, in log lines.
    std::string controllerName = "controller";
    /// Where it calls from; empty: from anywhere, with a token.
    std::string controllerNetwork;
    /// PEM files to import; empty: a certificate and a key are made.
    std::string certificateFile;
    std::string keyFile;
    /// Empty: the place of the installed service's.
    std::string databaseFile;
    /// Empty: standard error.
    std::string logFile;
    Ownership ownership{};
    /// Files that are there may be replaced; they stay as FILE.old. The packages' configuration always may.
    bool replace = false;
};

/// What was made, and the Fog Controller needs. A value.
struct SetupResult {
    std::string certificateFile;
    std::string keyFile;
    /// PEM.
    std::string certificate;
    /// SHA-256, hexadecimal.
    std::string fingerprint;
    /// The names and addresses that the certificate is for.
    std::vector<std::string> names;
    bool isSelfSigned = false;
    /// For commands on this machine.
    std::string operatorToken;
    /// Empty when the Controller is known by its network.
    std::string controllerToken;
};

/// Writes configuration, certificate and key. Nothing is written when something is wrong. Throws
/// CommandError, ConfigurationError and TlsError.
SetupResult setUp(const SetupAnswers& answers);

} // namespace connector
