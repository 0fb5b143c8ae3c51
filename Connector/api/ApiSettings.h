#pragma once

#include "auth/Identity.h"
#include "http/HttpSettings.h"

#include <string>
#include <vector>

namespace connector {

/// All that the configuration says about the API; a plain value.
struct ApiSettings : HttpSettings {
    /// Whoever is none of the identities may call as "anonymous".
    bool anonymous = false;
    /// Without any, every caller is "anonymous".
    std::vector<Identity> identities;
    /// Connector's public name or address, for the URLs of public mappings.
    std::string address;
    /// What this Connector is called among those that share its database.
    std::string node;
    /// Proxies that are trusted at the front, by which callers come, too.
    std::vector<Network> frontProxies;
    /// Further names that callers may have called the API by, without ports.
    std::vector<std::string> hosts;
    /// Pipes have TLS: the URLs of public mappings begin with https:// instead of http://.
    bool tls = false;
};

} // namespace connector
