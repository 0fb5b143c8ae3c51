#pragma once

#include <string>
#include <vector>

namespace connector {

/// Whether visitors could use this host name or IP address.
bool isPublicAddress(const std::string& text);

/// Without those that another in front of them equals, however both are written; the others stay in their
/// order.
std::vector<std::string> withoutDuplicates(const std::vector<std::string>& addresses);

} // namespace connector
