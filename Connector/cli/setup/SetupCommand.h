#pragma once

#include "cli/CommonOptions.h"

#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

namespace connector {

/// The options of `setup`; on a terminal, it asks for what it needs and was not given. A value.
struct SetupOptions {
    std::vector<std::string> addresses;
    /// Port ranges, separated by commas; so are those of exclude.
    std::optional<std::string> ports;
    std::optional<std::string> exclude;
    std::optional<std::string> apiBind;
    std::optional<std::int64_t> apiPort;
    std::optional<std::string> identity;
    std::optional<std::string> controller;
    std::optional<std::string> certificateFile;
    std::optional<std::string> keyFile;
    std::optional<std::string> databaseFile;
    std::optional<std::string> user;
    bool force = false;
};

/// `setup`: makes a configuration for production, from options and, on a terminal, from answers; and tells
/// what the Fog Controller must be told. Throws CommandError, ConfigurationError, FileReadError and TlsError.
void runSetup(const CommonOptions& common, const SetupOptions& options, std::ostream& out);

} // namespace connector
