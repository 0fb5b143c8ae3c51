#pragma once

#include <string>
#include <vector>

namespace connector {

/// Whether systemd runs the service of this configuration: on a machine with systemd, the default one.
bool isManagedBySystemd(const std::string& wantedConfiguration);

/// Whether systemd has the service running, or about to.
bool isActiveInSystemd();

/// Runs `systemctl WORD... iofog-connector.service` and waits for its end. Throws CommandError when it fails.
void systemctl(std::vector<std::string> words);

} // namespace connector
