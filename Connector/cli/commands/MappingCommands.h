#pragma once

#include "cli/CommonOptions.h"
#include "cli/commands/MappingSettings.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <ostream>
#include <string>

namespace connector {

// The commands `mapping ...`. They throw CommandError, and ConfigurationError.

/// A value.
struct AddMappingOptions {
    /// "public" or "private".
    std::string type;
    /// Agents at once, on port1, and on port2 of a private mapping.
    std::optional<std::int64_t> maxConnections;
    std::optional<std::int64_t> maxConnections2;
    /// In ms, likewise.
    std::optional<std::int64_t> heartbeatAbsence;
    std::optional<std::int64_t> heartbeatAbsence2;
    bool noPorts = false;
    MappingSettings settings;
    /// Print the configuration of the agent that serves it, and nothing else on standard output.
    bool agentConfig = false;
    /// What that agent serves (AgentTarget).
    std::optional<std::string> target;
};

/// Of what mapping there is to be a new passcode. A value.
struct PasscodeOptions {
    std::string id;
    /// "port1" or "port2".
    std::optional<std::string> side;
    std::optional<std::int64_t> overlap; ///< ms
};

/// What is to be removed: one mapping, or all that are unused. A value.
struct RemoveMappingOptions {
    /// Empty when it is not given.
    std::string id;
    std::optional<std::chrono::seconds> unused;
    /// Don't ask.
    bool yes = false;
};

/// `mapping list`: all mappings, or those that have been unused for so long, one a line.
void showConnections(const CommonOptions& common, const std::string& id, std::ostream& out);
void endConnection(const CommonOptions& common, const std::string& id, std::int64_t number,
                   std::ostream& out);

void listMappings(const CommonOptions& common, std::optional<std::chrono::seconds> unused, std::ostream& out);

/// `mapping show ID`: one mapping; with --json all that the API tells.
void showMapping(const CommonOptions& common, const std::string& id, std::ostream& out);

/// What an agent serves unless it is said.
inline constexpr const char* kUsualTarget = "127.0.0.1:80";

/// `mapping add public|private`: opens a mapping, with limits and settings that are options.
void addMapping(const CommonOptions& common, const AddMappingOptions& options, std::ostream& out);

/// `mapping set ID`: changes what may be changed of a mapping that is open.
void changeMapping(const CommonOptions& common, const std::string& id, const MappingSettings& settings,
                   std::ostream& out);

/// `mapping passcode ID`: gives a mapping a new passcode, and shows it.
void changePasscode(const CommonOptions& common, const PasscodeOptions& options, std::ostream& out);

/// `mapping remove ID`: closes a mapping. `mapping remove --unused=TIME`: closes all that are unused, after a
/// question.
void removeMappings(const CommonOptions& common, const RemoveMappingOptions& options, std::ostream& out);

} // namespace connector
