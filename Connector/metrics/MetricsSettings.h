#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace connector {

/// What the configuration says about metrics; a plain value.
struct MetricsSettings {
    /// Address of a port of their own, where nobody needs an identity.
    std::string bind = "127.0.0.1";
    /// 0: they have none.
    std::uint16_t port = 0;
    /// Mappings with metrics of their own; those of all others are summed up.
    std::size_t mappings = 1000;
    /// What this Connector is called among those that share its database.
    std::string node{};
};

} // namespace connector
