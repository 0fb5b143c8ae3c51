#pragma once

#include "cli/CommonOptions.h"
#include "cli/commands/MappingCommands.h"

#include <CLI/App.hpp>

#include <chrono>
#include <optional>
#include <ostream>
#include <string>

namespace connector {

/// The commands `mapping ...`, as CLI11 knows them, with the values of their options. Made for one call.
class MappingGroup {
  public:
    /// Adds them. `common` and `out` must live for as long as the commands do.
    MappingGroup(CLI::App& app, const CommonOptions& common, std::ostream& out);

  private:
    void addList();
    void addShow();
    void addAdd();
    void addSet();
    void addPasscode();
    void addRemove();
    void addConnections();

    CLI::App& _group;
    const CommonOptions& _common;
    std::ostream& _out;
    AddMappingOptions _added;
    MappingSettings _changed;
    PasscodeOptions _passcode;
    RemoveMappingOptions _removed;
    std::optional<std::chrono::seconds> _unused;
    std::string _id;
    std::string _number;
};

} // namespace connector
