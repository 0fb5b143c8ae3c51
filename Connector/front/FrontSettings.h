#pragma once

#include "model/Mapping.h"
#include "net/TrustedProxies.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace connector {

/// What the configuration says about the one port for agents, visitors and the API; a plain value.
struct FrontSettings {
    /// 0: there is none.
    std::uint16_t port = 0;
    /// Visitors come to a mapping as NAME.domain; in lower case. "": they come by ports only.
    std::string domain;
    /// Names that no mapping may have; they lead to the API.
    std::vector<std::string> reserved{"www", "api"};
    /// Of plain HTTP, which is answered with a redirection to the front; 0: there is none.
    std::uint16_t httpPort = 0;
    /// The folder from which an authority's challenges are answered there (ACME, RFC 8555); "": none are.
    std::string acmeWebroot;
    /// Connections that have not said yet what they want.
    std::size_t connections = 1024;
    /// Whose word counts on whom a connection is from.
    TrustedProxies proxies{};

    /// Whether a mapping of that type can be used without ports of its own.
    bool leadsTo(Mapping::Type type) const {
        return port != 0 && (type == Mapping::Type::Private || !domain.empty());
    }

    bool isReserved(const std::string& name) const {
        return std::find(reserved.begin(), reserved.end(), name) != reserved.end();
    }

    /// Of what is reached by that host; without a path.
    std::string urlOf(const std::string& host) const {
        constexpr std::uint16_t kHttps = 443;
        return "https://" + host + (port == kHttps ? "" : ":" + std::to_string(port));
    }

    bool operator==(const FrontSettings&) const = default;
};

} // namespace connector
