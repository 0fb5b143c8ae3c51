#pragma once

#include <string>

namespace connector {

/// Whether the file is, byte for byte, the configuration for development that the packages install: one that
/// nobody has made his own. False when it can't be read. Any thread.
bool isPackagedConfiguration(const std::string& file);

} // namespace connector
