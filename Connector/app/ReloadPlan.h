#pragma once

#include "api/LastConfiguration.h"
#include "app/Configuration.h"

#include <set>
#include <string>

namespace connector {

/// What is to become of a server when its configuration is read again.
struct ReloadPlan {
    /// What the file says, but for the keys that can't change.
    Configuration next;
    ConfigurationReport report;

    /// Reads and checks the file, and those that it names, but for what `next` needs of these. Throws
    /// ConfigurationError, also for a file that is wrong only because of what can't change.
    ReloadPlan(const Configuration& running, const std::string& file);

    /// Keys that take effect while the server runs, and those that need a restart: every key is in one of
    /// them. doc/configuration.md says of which it is only for connections that come from then on.
    static const std::set<std::string>& reloadableKeys();
    static const std::set<std::string>& keptKeys();
};

/// For the log: "api.port (8080, the file says 9090)", with commas; "" for none.
std::string inWords(const std::vector<ConfigurationReport::Kept>& kept);

} // namespace connector
