#pragma once

#include "app/Configuration.h"
#include "cli/import/EarlierMappings.h"
#include "model/Mapping.h"

#include <cstdint>
#include <string>
#include <vector>

namespace connector {

/// What is to be done to have the mappings of a file besides those that are there. A value.
struct ImportPlan {
    std::vector<Mapping> added;
    std::vector<EarlierMappings::Skipped> skipped;
    /// A sentence for each mapping that can't be added; with any, nothing is to be imported.
    std::vector<std::string> conflicts;

    /// existing: what the database has. configuration: for the ports and names that no mapping can have.
    static ImportPlan make(const EarlierMappings& wanted, const std::vector<Mapping>& existing,
                           const Configuration& configuration);
};

/// The ports of the mappings that are not among these, in rising order. configured: in rising order.
std::vector<std::uint16_t> portsOutside(const std::vector<std::uint16_t>& configured,
                                        const std::vector<Mapping>& mappings);

/// "6000, 6001".
std::string listOf(const std::vector<std::uint16_t>& ports);

} // namespace connector
