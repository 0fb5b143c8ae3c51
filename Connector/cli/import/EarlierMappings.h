#pragma once

#include "model/Mapping.h"

#include <string>
#include <vector>

namespace connector {

/// The mappings of the earlier Connector, which kept them in a JSON file, configs.json. A value.
struct EarlierMappings {
    struct Skipped {
        std::string id;
        std::string why;
    };

    std::vector<Mapping> mappings;
    /// Entries that are no mapping with two ports.
    std::vector<Skipped> skipped;

    /// Reads the file's text. Throws FieldError, which names every entry that is wrong; no message shows a
    /// passcode.
    static EarlierMappings parse(const std::string& text);
};

} // namespace connector
