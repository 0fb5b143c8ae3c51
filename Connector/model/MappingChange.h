#pragma once

#include <optional>
#include <string>
#include <vector>

namespace connector {

/// What is to be changed of a mapping that is open; what is left out stays as it is. A value. See
/// VisitorSettings.
struct MappingChange {
    std::optional<std::vector<std::string>> alpn;
    std::optional<bool> visitorTls;
};

} // namespace connector
